import { describe, expect, it } from 'vitest';
import { yamlToJson } from '../../src/server/negotiation/yaml-reader.ts';

describe('faults of YAML bodies', () => {
  const head = 'a: 1\nb: 2\n';
  it.each([
    ['{', 'line 1: did not find expected node content'],
    ['{a', "line 1: did not find expected ',' or '}'"],
    [`${head}c: [1\n`, "line 3: did not find expected ',' or ']'"],
    ['a: b: c', 'mapping values are not allowed in this context'],
    [`${head}c:\n  d: e\n   f: g\n`, 'line 5: mapping values are not allowed in this context'],
    ['\ta: b', 'found character that cannot start any token'],
    [' \t\n', 'found character that cannot start any token'],
    [`${head}c: @d\n`, 'line 3: found character that cannot start any token'],
    [`${head}c:\n  d: e\n f: g\n`, 'line 4: did not find expected key'],
    [`${head}c:\n  - d\n  e: f\n`, "line 4: did not find expected '-' indicator"],
    [`${head}- c\n`, 'line 2: did not find expected key'],
    [`${head}: c\n`, 'line 2: did not find expected key'],
    [`${head}c\n`, "line 4: could not find expected ':'"],
    [`${head}c: "d\n`, 'line 4: found unexpected end of stream'],
    [`${head}c: "\\q"\n`, 'line 3: found unknown escape character'],
    [`${head}c: *d\n`, "unknown anchor 'd' referenced"],
    [`${head}c: &d\n  e: *d\n`, "anchor 'd' value contains itself"],
    [`${head}[c]: d\n`, 'invalid map key: []interface {}{"c"}'],
    ['%YAML 3.0\n---\na: b\n', 'found incompatible YAML document'],
    [`${head}c: \u0001\n`, 'control characters are not allowed'],
  ])('%j: %s', (text, message) => {
    expect(yamlToJson(text).error).toBe(`yaml: ${message}`);
  });

  it('refuses null for a key, in words of the converter', () => {
    expect(yamlToJson('null: x\n').error).toBe('unsupported map key of type: %!s(<nil>), key: <nil>, value: "x"');
  });
});

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
