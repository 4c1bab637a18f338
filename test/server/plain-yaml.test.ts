/** The quick reader of YAML reads what it reads exactly as the full parser does, and leaves the rest to it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument, stringify } from 'yaml';
import { plainYamlToJson } from '../../src/server/negotiation/plain-yaml.ts';
import { yamlToJson } from '../../src/server/negotiation/yaml-reader.ts';

const SEED = Number(process.env.KEDGE_FUZZ_SEED ?? 7);
const read = (text: string): string | undefined => plainYamlToJson(text, () => undefined);
const full = (text: string): unknown => parse(text, { version: '1.1', uniqueKeys: true, logLevel: 'silent' });

describe('plain YAML', () => {
  it.each([
    'a: b\nc: 1\n',
    '---\na:\n- b\n- c: d\n  e: f\n-   - x\n    - y\n',
    'a:\n  b: # why\n    c: d # that\n\n  # alone\n  e:\nf: ~\n',
    "a: \"x\\ty\\u00e9\\x41\\U0001F600\\/\"\nb: 'it''s'\n",
    'a: "one\n  two\n\n  three \\\n  four"\nb: \'one\n  two\n\n  three\'\n',
    'a: one\n  two\n\n  three\nb: x\n',
    'a: |\n  one\n    two\n\n  three\n\nb: |-\n  x\nc: |+\n  y\n\nd: e\n',
    'a: >\n  one\n  two\n\n  three\n    more\n    lines\n  four\nb: >-\n  x\n  y\n',
    'a: |2\n    x\n  y\nb: c\n',
    'a: {b: c, "d": [1, x, "y", {}], e: []}\nf: [\n  a,\n  b\n]\n',
    '{"a":1,"b":[true,null,-1.5,"x"],"c":{}}',
    '{\n  "a": [\n    1\n  ]\n}\n',
    '- a\n- b: c\n-\n  - d\n- |\n  text\n- e\n',
    'a: yes\nb: Off\nc: null\nd: 10Gi\ne: 500m\nf: 80/TCP\ng: 1.5\nh: -3\ni: http://x:80/y\nj: a#b\n',
    '"a b": 1\n\'c\': 2\n8080: x\n',
    'a:\n  - b\n  -\n  - c\n',
  ])('%# reads as the full parser does', (text) => {
    expect(JSON.parse(read(text) ?? 'null')).toEqual(full(text));
  });

  it.each([
    'a: b\na: c\n',
    'a: &x b\n',
    'a: *x\n',
    'a: !!str 1\n',
    '? a\n: b\n',
    'a: b: c\n',
    'a: b\n  c: d\n',
    '  a: b\n c: d\n',
    'a: [b\n',
    'a: "b\n',
    'a:\tb\n',
    'a: b\n---\nc: d\n',
    '%YAML 1.1\n---\na: b\n',
    'a: 0x10\n',
    'a: 2001-01-01\n',
    'a: .inf\n',
    '<<: {a: b}\n',
    'a: - b\n',
    'a: @b\n',
    '\ufeffa: b\n',
    'a: b\r\n',
    '',
    '# nothing\n',
  ])('%# is left to the full parser', (text) => {
    expect(read(text)).toBeUndefined();
  });

  it('never reads differently from the full parser', () => {
    const word = fc.constantFrom(
      ...['a', 'b c', '1', '- ', '-', ': ', ':', '\n', '\n  ', '\n    ', ' ', '#', ' # ', '"', "'", '|', '>', '[', ']'],
      ...[
        '{',
        '}',
        ',',
        '? ',
        '&x ',
        '*x',
        '!t ',
        'yes',
        '~',
        '1.0',
        '0x1',
        '\\',
        '\\n',
        '---\n',
        '|\n  ',
        '>-\n   ',
        '%',
      ],
      ...['a: ', 'k: ', '\n- ', '\n  - ', '\nb: ', '\n  c: ', "''", '""', '\t', '{a: b}', '[x, y]'],
    );
    let reads = 0;
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), (words) => {
        const text = words.join('');
        const json = read(text);
        if (json === undefined) return;
        const { errors } = parseDocument(text, { version: '1.1', uniqueKeys: true, logLevel: 'silent' });
        // Upstream's parser lets lines in brackets and quotes stand anywhere, and knows one escape more.
        if (errors.some(({ code }) => code === 'BAD_INDENT') || text.includes("\\'")) return;
        reads++;
        expect(errors.map(String), JSON.stringify(text)).toEqual([]);
        expect(JSON.parse(json), JSON.stringify(text)).toEqual(full(text));
      }),
      { numRuns: 30_000, seed: SEED },
    );
    expect(reads).toBeGreaterThan(500);
  });

  it('reads what a writer of YAML writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(2), (value, style) => {
        const object = { metadata: value, 'more text': [value] };
        const widths = [0, 20, 80];
        const text = stringify(object, { version: '1.1', lineWidth: widths[style] as number });
        const converted = yamlToJson(text);
        expect(JSON.parse(converted.error ?? converted.json), text).toEqual(JSON.parse(JSON.stringify(full(text))));
      }),
      { numRuns: 2_000, seed: SEED },
    );
  });

  const long = 400_000;
  it.each([
    ['keys', `a:\n${Array.from({ length: 100_000 }, (_, i) => `  k${i}: v${i}\n`).join('')}`, true],
    ['entries', `a:\n${'- b\n'.repeat(long)}`, true],
    ['a flow list', `a: [${'b, '.repeat(long)}]\n`, true],
    ['lines of a scalar', `a: b\n${'  c d\n'.repeat(long)}`, true],
    ['lines in quotes', `a: "b\n${'  c d\n'.repeat(long)}  "\n`, true],
    ['blanks in quotes', `a: "${' '.repeat(long)}x${' '.repeat(long)}\n  "\n`, true],
    ['empty lines', `a: b${'\n'.repeat(long)}`, true],
    ['comments', `a: b\n${'# c\n'.repeat(long)}`, true],
    ['brackets', `a: ${'['.repeat(long)}`, false],
    ['dashes', `a:\n${'- '.repeat(long)}`, false],
    ['questions', '? '.repeat(long), false],
    ['colons', `a: ${'a: '.repeat(long)}`, false],
    ['flaws', '@x: %\n'.repeat(long), false],
    ['anchors', 'a: &b c\n'.repeat(100_000), false],
    ['dates', `a:\n${'- 2001-01-01\n'.repeat(100_000)}`, false],
    ['copies', `a: &a [${'x,'.repeat(50_000)}]\nb: [${'*a,'.repeat(90)}]\n`, false],
  ])(
    'very many %s take no time',
    (_what, text, fits) => {
      expect(yamlToJson(text).error === undefined).toBe(fits);
    },
    5_000,
  );
});
