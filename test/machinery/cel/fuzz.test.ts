import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileCel, dynType, intType, listOf, mapOf, stringType } from '../../../src/machinery/cel/index.ts';

const variables = [
  { name: 'self', type: dynType },
  { name: 'list', type: listOf(intType) },
  { name: 'map', type: mapOf(stringType, stringType) },
];
const self = { a: [1, 2, 3], s: 'hello', n: null, m: { k: 1 }, deep: [[[{ x: [1.5, 'é😀'] }]]] };
const bindings = { self, list: [3, 1, 2], map: { a: 'b', c: 'd' } };

/** Compiles and runs it: whatever it is, there is an answer, and soon. */
function answers(expression: string): void {
  const compiled = compileCel(expression, { variables, jsonPatch: true, bindings: true });
  if (!compiled.ok) {
    expect(compiled.error.message).not.toBe('');
    return;
  }
  const { min, max } = compiled.program.estimateCost();
  expect(min).toBeLessThanOrEqual(max);
  const result = compiled.program.evaluate(bindings);
  if (!result.ok) expect(result.error.message).not.toMatch(/^evaluation failed/);
}

const leaf = fc.constantFrom(
  ...[
    'self',
    'self.a',
    'self.s',
    'self.n',
    'self.m',
    'self.deep',
    'list',
    'map',
    'x',
    '1',
    '-1',
    '2u',
    '1.5',
    "'a'",
    '""',
  ],
  ...[
    'true',
    'null',
    '[]',
    '{}',
    "b'a'",
    "duration('1h')",
    "timestamp('2020-01-01T00:00:00Z')",
    'optional.none()',
    'int',
  ],
  ...[
    "quantity('1Gi')",
    "ip('::1')",
    "cidr('10.0.0.0/8')",
    "url('https://a/b?c=d')",
    "semver('1.2.3')",
    'Object{a: 1}',
  ],
  ...['9223372036854775807', '-9223372036854775808', '18446744073709551615u', '1e308', "'\\u0000'", 'format.uuid()'],
);
const binary = fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', '&&', '||', 'in');
const method = fc.constantFrom(
  ...[
    'size',
    'sum',
    'min',
    'sort',
    'reverse',
    'distinct',
    'flatten',
    'first',
    'trim',
    'lowerAscii',
    'join',
    'isSorted',
  ],
  ...[
    'hasValue',
    'value',
    'unwrapOpt',
    'getHours',
    'getQuery',
    'family',
    'masked',
    'isInteger',
    'major',
    'getFullYear',
  ],
);
const method1 = fc.constantFrom(
  ...[
    'contains',
    'matches',
    'find',
    'findAll',
    'indexOf',
    'lastIndexOf',
    'charAt',
    'substring',
    'split',
    'join',
    'format',
  ],
  ...[
    'orValue',
    'or',
    'add',
    'sub',
    'compareTo',
    'containsIP',
    'containsCIDR',
    'validate',
    'getHours',
    'flatten',
    'slice',
  ],
);
const macro = fc.constantFrom('all', 'exists', 'exists_one', 'map', 'filter', 'optMap', 'sortBy');
const macro2 = fc.constantFrom('all', 'exists', 'transformList', 'transformMap', 'transformMapEntry');
const called = fc.constantFrom(
  ...[
    'size',
    'int',
    'uint',
    'double',
    'string',
    'bytes',
    'bool',
    'type',
    'dyn',
    'duration',
    'timestamp',
    'has',
    'isURL',
  ],
  ...[
    'quantity',
    'ip',
    'cidr',
    'semver',
    'lists.range',
    'strings.quote',
    'optional.of',
    'isQuantity',
    'sign',
    'undeclared',
  ],
);

const { expression } = fc.letrec<{ expression: string }>((tie) => {
  const inner = tie('expression');
  return {
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.tuple(inner, binary, inner).map(([a, operator, b]) => `${a} ${operator} ${b}`),
      fc.tuple(inner, method).map(([a, name]) => `(${a}).${name}()`),
      fc.tuple(inner, method1, inner).map(([a, name, b]) => `(${a}).${name}(${b})`),
      fc.tuple(called, inner).map(([name, a]) => `${name}(${a})`),
      fc.tuple(inner, macro, inner).map(([a, name, b]) => `(${a}).${name}(x, ${b})`),
      fc.tuple(inner, macro2, inner).map(([a, name, b]) => `(${a}).${name}(x, y, ${b})`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
      fc.tuple(inner, inner).map(([a, b]) => `(${a})[${b}]`),
      fc.tuple(inner, inner).map(([a, b]) => `(${a})[?${b}]`),
      inner.map((a) => `(${a}).?k.k`),
      inner.map((a) => `!(${a})`),
      inner.map((a) => `-(${a})`),
      fc.tuple(inner, inner).map(([a, b]) => `[${a}, ?${b}]`),
      fc.tuple(inner, inner).map(([a, b]) => `{${a}: ${b}}`),
      fc.tuple(inner, inner).map(([a, b]) => `cel.bind(x, ${a}, ${b})`),
    ),
  };
});

const token = fc.constantFrom(
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '.',
    ',',
    '?',
    ':',
    '+',
    '-',
    '!',
    '==',
    '&&',
    '||',
    'in',
    'a',
    'self',
    '1',
    '"s"',
    "'",
  ],
  ...[
    'true',
    'null',
    '.?',
    '[?',
    ' ',
    '\n',
    '@',
    '=',
    '&',
    '`a`',
    'if',
    'r"',
    'b',
    '0x',
    '\\',
    'π',
    '//',
    'x.all(y, y)',
    '"""',
  ],
);

describe('expressions of anybody', () => {
  it('answers whatever parses', () => {
    fc.assert(fc.property(expression, answers), { seed: 11, numRuns: 2500 });
  });

  it('says what is wrong with any row of tokens', () => {
    const rows = fc.array(token, { maxLength: 40 }).map((tokens) => tokens.join(''));
    fc.assert(fc.property(rows, answers), { seed: 12, numRuns: 2500 });
  });

  it('says what is wrong with any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), answers), { seed: 13, numRuns: 1000 });
  });

  const times = (part: string, count: number) => part.repeat(count);
  it.each([
    ['parentheses', times('(', 20_000)],
    ['matched parentheses', `${times('(', 260)}1${times(')', 260)}`],
    ['lists', `${times('[', 400)}${times(']', 400)}`],
    ['maps', times('{1:', 400)],
    ['signs', `${times('-', 50_000)}1`],
    ['negations', `${times('!', 50_000)}true`],
    ['a long sum', `1${times('+1', 20_000)}`],
    ['a long disjunction', `false${times('||false', 9000)}`],
    ['a long list', `[${times('1,', 30_000)}1]`],
    ['conditions', `${times('true?1:', 300)}1`],
    ['members', `self${times('.a', 400)}`],
    ['macros in macros', `${times('[1].map(x,', 120)}1${times(')', 120)}`],
    ['optional macros', `optional.of(1)${times('.optMap(x, x)', 60)}`],
    ['what is no token', times('@', 9000)],
    ['a text without end', `"${times('a', 90_000)}`],
    ['more than a text may have', times('a', 100_001)],
  ])('is not held up by %s', (_name, text) => answers(text));

  it.each([
    ['lists that double', `optional.of([1])${times('.optMap(x, x + x)', 9)}.value().size()`],
    ['loops in loops', 'lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, c >= 0)))'],
    [
      'texts replaced by themselves',
      "optional.of(lists.range(50000).map(i, 'ab').join()).optMap(t, t.replace('', t)).value().size()",
    ],
    ['comparisons of whole lists', 'optional.of(lists.range(20000)).optMap(l, l.all(i, l + l == l + l)).value()'],
    ['texts of lists', "optional.of(lists.range(20000)).optMap(l, l.all(i, '%s'.format([l]) != '')).value()"],
    ['patterns', "lists.range(5000).map(i, 'a').join().matches('(a*)*b')"],
    ['searches that begin anew', "lists.range(50000).map(i, 'a').join().findAll('a.*b|a').size() > 0"],
    ['maps of many numbers', 'lists.range(20000).transformMap(i, x, x).size() == 20000'],
  ])('stops %s', (_name, text) => {
    const compiled = compileCel(text, { variables });
    if (!compiled.ok) throw new Error(compiled.error.message);
    const result = compiled.program.evaluate(bindings);
    if (!result.ok)
      expect(result.error).toEqual({ message: 'operation cancelled: actual cost limit exceeded', limit: true });
  });
});
