/** Sets of characters as expressions write them. Upstream: regexp/syntax. */

/** A set of code points: ranges, and Unicode properties that stay predicates. */
export class CharSet {
  readonly #ranges: readonly (readonly [low: number, high: number])[];
  readonly #parts: readonly Predicate[];
  readonly #negated: boolean;

  constructor(ranges: readonly (readonly [number, number])[], parts: readonly Predicate[] = [], negated = false) {
    this.#ranges = ranges;
    this.#parts = parts;
    this.#negated = negated;
  }

  has(code: number): boolean {
    return this.#contains(code) !== this.#negated;
  }

  #contains(code: number): boolean {
    for (const [low, high] of this.#ranges) if (code >= low && code <= high) return true;
    for (const part of this.#parts) if (part(code)) return true;
    return false;
  }
}

export type Predicate = (code: number) => boolean;

export const MAX_CODE = 0x10ffff;

export const ANY = new CharSet([[0, MAX_CODE]]);
export const ANY_BUT_NEWLINE = new CharSet([[10, 10]], [], true);

export type Ranges = readonly (readonly [number, number])[];

const DIGIT: Ranges = [[48, 57]];
const SPACE: Ranges = [
  [9, 10],
  [12, 13],
  [32, 32],
];
const WORD: Ranges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];

/** `\d` and the like, which know ASCII only. */
export const PERL_CLASSES: Readonly<Record<string, Ranges>> = { d: DIGIT, s: SPACE, w: WORD };

export const POSIX_CLASSES: Readonly<Record<string, Ranges>> = {
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
  alpha: [
    [65, 90],
    [97, 122],
  ],
  ascii: [[0, 127]],
  blank: [
    [9, 9],
    [32, 32],
  ],
  cntrl: [
    [0, 31],
    [127, 127],
  ],
  digit: DIGIT,
  graph: [[33, 126]],
  lower: [[97, 122]],
  print: [[32, 126]],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
  ],
  space: [
    [9, 13],
    [32, 32],
  ],
  upper: [[65, 90]],
  word: WORD,
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
};

/** Whether a character is one of `\w`, for word boundaries. */
export const isWordCode = (code: number): boolean => WORD.some(([low, high]) => code >= low && code <= high);

/** The ranges that are left out. */
export function negateRanges(ranges: Ranges): Ranges {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const out: [number, number][] = [];
  let next = 0;
  for (const [low, high] of sorted) {
    if (low > next) out.push([next, low - 1]);
    next = Math.max(next, high + 1);
  }
  if (next <= MAX_CODE) out.push([next, MAX_CODE]);
  return out;
}

const CATEGORY = /^(?:L[CmoltuM]?|Lu|Ll|Lt|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfos]?)$/;

/** The characters with a Unicode property: a general category or a script. Undefined for an unknown name. */
export function unicodeClass(name: string): Predicate | undefined {
  if (name === 'Any') return () => true;
  const property = CATEGORY.test(name) ? name : `Script=${name}`;
  try {
    const regexp = new RegExp(`^\\p{${property}}$`, 'u');
    return (code) => regexp.test(String.fromCodePoint(code));
  } catch {
    return undefined;
  }
}

/** The characters that are the same but for their case. Upstream: unicode.SimpleFold. */
export function foldsOf(code: number): readonly number[] {
  if (code < 128) return FOLDS_BEYOND_ASCII[code] ?? asciiFolds(code);
  const out = new Set<number>([code]);
  for (const other of [code, ...casesOf(code)]) {
    out.add(other);
    for (const further of casesOf(other)) out.add(further);
  }
  return [...out];
}

/** Kelvin's sign and the long s are letters of ASCII in other clothes. */
const FOLDS_BEYOND_ASCII: Readonly<Record<number, readonly number[]>> = {
  75: [75, 107, 0x212a],
  107: [75, 107, 0x212a],
  83: [83, 115, 0x17f],
  115: [83, 115, 0x17f],
};

function asciiFolds(code: number): readonly number[] {
  if (code >= 65 && code <= 90) return [code, code + 32];
  return code >= 97 && code <= 122 ? [code, code - 32] : [code];
}

function casesOf(code: number): number[] {
  const char = String.fromCodePoint(code);
  return [char.toLowerCase(), char.toUpperCase()]
    .map((text) => [...text])
    .filter((chars) => chars.length === 1)
    .map((chars) => chars[0]!.codePointAt(0)!);
}

/** A set without regard to case: ranges are widened, properties tried for each case. */
export function foldSet(ranges: Ranges, parts: readonly Predicate[]): { ranges: Ranges; parts: Predicate[] } {
  const inRanges: Predicate = (code) => ranges.some(([low, high]) => code >= low && code <= high);
  const folded: Predicate = (code) =>
    foldsOf(code).some((other) => inRanges(other) || parts.some((part) => part(other)));
  return { ranges: [], parts: [folded] };
}
