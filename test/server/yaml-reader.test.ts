import { describe, expect, it } from 'vitest';
import { yamlToJson } from '../../src/server/negotiation/yaml-reader.ts';

describe('YAML bodies that are JSON', () => {
  // A space before the brace takes the text through the YAML parser.
  it.each([
    '{"a":1,"b":[true,null,-1.5,"x"],"c":{}}',
    '{"a":1,"a":2}',
    '{"a":{"<<":{"b":1}}}',
    '{"a":1.50}',
    '{"yes":"no","n":"0x10","t":"2001-01-01","o":"010","e":"1e3"}',
    '{"a":"\\u00e9\\n"}',
    '{"a":1} {"b":2}',
    '{"a":1}\n',
    '{a: 1}',
  ])('%s reads as the YAML parser reads it', (text) => {
    const direct = yamlToJson(text);
    const parsed = yamlToJson(` ${text}`);
    if (direct.error !== undefined || parsed.error !== undefined) {
      expect([direct.error !== undefined, parsed.error !== undefined]).toEqual([true, true]);
      return;
    }
    expect(JSON.parse(direct.json)).toEqual(JSON.parse(parsed.json));
    expect(direct.duplicates).toHaveLength(parsed.duplicates.length);
  });
});
