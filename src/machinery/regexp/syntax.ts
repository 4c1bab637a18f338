/** From the text of an expression to its tree. Upstream: regexp/syntax parse.go, its Perl flavour. */
import {
  ANY,
  ANY_BUT_NEWLINE,
  CharSet,
  foldSet,
  foldsOf,
  MAX_CODE,
  negateRanges,
  PERL_CLASSES,
  POSIX_CLASSES,
  type Predicate,
  type Ranges,
  unicodeClass,
} from './char-set.ts';
import { type Assertion, type Node, RegexpError, repeatsFit } from './tree.ts';

const MAX_REPEAT = 1_000;
const MAX_DEPTH = 1_000;

/** How often something stands; `counted`: written as `{n,m}`. */
interface Repetition {
  min: number;
  max: number;
  lazy: boolean;
  counted: boolean;
}

/** Some of the characters of a class. */
interface ClassPart {
  ranges: Ranges;
  parts: readonly Predicate[];
}

interface Flags {
  fold: boolean;
  multiline: boolean;
  dotAll: boolean;
  ungreedy: boolean;
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** Parses a whole expression. Throws a RegexpError. */
export function parseRegexp(source: string): Node {
  if (!source.isWellFormed()) throw new RegexpError('invalid UTF-8', source.toWellFormed());
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  #at = 0;
  #depth = 0;
  #flags: Flags = { fold: false, multiline: false, dotAll: false, ungreedy: false };

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Node {
    const node = this.#alternation();
    if (this.#at < this.#source.length) throw new RegexpError('unexpected )', this.#source);
    return node;
  }

  #alternation(): Node {
    const branches: Node[] = [this.#concatenation()];
    while (this.#take('|')) branches.push(this.#concatenation());
    return branches.length === 1 ? branches[0]! : { kind: 'alternate', nodes: branches };
  }

  #concatenation(): Node {
    const nodes: Node[] = [];
    /** Where the last thing that can be repeated begins; undefined after nothing or a repetition. */
    let lastRepeat: number | undefined;
    while (this.#at < this.#source.length && !this.#looksAt('|') && !this.#looksAt(')')) {
      const start = this.#at;
      const repeat = this.#repetition();
      if (repeat !== undefined) {
        this.#repeatLast(nodes, repeat, { start, lastRepeat });
        lastRepeat = start;
        continue;
      }
      lastRepeat = undefined;
      if (this.#looksAt('\\Q')) nodes.push(...this.#quoted());
      else {
        const node = this.#item();
        if (node !== undefined) nodes.push(node);
      }
    }
    return nodes.length === 1 ? nodes[0]! : nodes.length === 0 ? { kind: 'empty' } : { kind: 'concat', nodes };
  }

  #repeatLast(
    nodes: Node[],
    repeat: Repetition,
    { start, lastRepeat }: { start: number; lastRepeat: number | undefined },
  ): void {
    if (lastRepeat !== undefined)
      throw new RegexpError('invalid nested repetition operator', this.#source.slice(lastRepeat, this.#at));
    const node = nodes.pop();
    if (node === undefined)
      throw new RegexpError('missing argument to repetition operator', this.#source.slice(start, this.#at));
    const repeated: Node = { kind: 'repeat', node, ...repeat };
    if (!repeatsFit(repeated, MAX_REPEAT))
      throw new RegexpError('invalid repeat count', this.#source.slice(start, this.#at));
    nodes.push(repeated);
  }

  /** `*`, `+`, `?` or `{n,m}`; undefined where there is none. */
  #repetition(): Repetition | undefined {
    const start = this.#at;
    const counted = this.#looksAt('{');
    const bounds = this.#bounds();
    if (bounds === undefined) return undefined;
    const [min, max] = bounds;
    const lazy = this.#take('?') !== this.#flags.ungreedy;
    if (min > MAX_REPEAT || (max !== Number.POSITIVE_INFINITY && (max > MAX_REPEAT || min > max)))
      throw new RegexpError('invalid repeat count', this.#source.slice(start, this.#at).replace(/\?$/, ''));
    return { min, max, lazy, counted };
  }

  #bounds(): [number, number] | undefined {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    const braces = this.#match(/\{(\d+)(,(\d*))?\}/y);
    if (braces === undefined) return undefined;
    const [, min = '', comma, max = ''] = braces;
    // A number with a zero before it is no count, and so the brace stands for itself.
    if (/^0\d/.test(min) || /^0\d/.test(max)) {
      this.#at -= braces[0].length;
      return undefined;
    }
    const low = Number(min);
    return [low, comma === undefined ? low : max === '' ? Number.POSITIVE_INFINITY : Number(max)];
  }

  /** One thing that is no repetition; undefined for flags. */
  #item(): Node | undefined {
    const char = this.#source[this.#at]!;
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'char', set: this.#class() };
      case '.':
        this.#at++;
        return { kind: 'char', set: this.#flags.dotAll ? ANY : ANY_BUT_NEWLINE };
      case '^':
        this.#at++;
        return { kind: 'assert', what: this.#flags.multiline ? 'beginLine' : 'beginText' };
      case '$':
        this.#at++;
        return { kind: 'assert', what: this.#flags.multiline ? 'endLine' : 'endText' };
      case '\\':
        return this.#escape();
      default:
        return this.#literal(this.#next());
    }
  }

  #literal(code: number): Node {
    const codes = this.#flags.fold ? foldsOf(code) : [code];
    return { kind: 'char', set: new CharSet(codes.map((one) => [one, one])) };
  }

  #group(): Node | undefined {
    const start = this.#at;
    const outer = { ...this.#flags };
    this.#at++;
    if (this.#looksAt('?') && this.#groupHead(start)) return undefined;
    if (++this.#depth > MAX_DEPTH) throw new RegexpError('expression nests too deeply', this.#source);
    const node = this.#alternation();
    this.#depth--;
    if (!this.#take(')')) throw new RegexpError('missing closing )', this.#source);
    this.#flags = outer;
    // Even a group of nothing can be repeated.
    return node;
  }

  /** What follows `(?`; true when it was flags for what comes after, and no group. */
  #groupHead(start: number): boolean {
    if (this.#looksAt('?P<') || this.#looksAt('?<')) {
      this.#name(start);
      return false;
    }
    const flags = this.#match(/\?([imsU]*)(?:-([imsU]+))?([:)])/y);
    const [, on = '', off, end] = flags ?? [];
    if (flags === undefined || (on === '' && off === undefined && end === ')')) {
      const rest = this.#source.slice(start);
      throw new RegexpError('invalid or unsupported Perl syntax', badFlags(rest));
    }
    for (const flag of on) this.#setFlag(flag, true);
    for (const flag of off ?? '') this.#setFlag(flag, false);
    return end === ')';
  }

  #setFlag(flag: string, on: boolean): void {
    if (flag === 'i') this.#flags.fold = on;
    else if (flag === 'm') this.#flags.multiline = on;
    else if (flag === 's') this.#flags.dotAll = on;
    else this.#flags.ungreedy = on;
  }

  #name(start: number): void {
    const end = this.#source.indexOf('>', start);
    if (end < 0) throw new RegexpError('invalid named capture', this.#source.slice(start));
    const head = this.#source.startsWith('(?P<', start) ? 4 : 3;
    const name = this.#source.slice(start + head, end);
    const whole = this.#source.slice(start, end + 1);
    if (!/^[A-Za-z0-9_]+$/.test(name)) throw new RegexpError('invalid named capture', whole);
    this.#at = end + 1;
  }

  #escape(): Node {
    const start = this.#at;
    const letter = this.#source[this.#at + 1];
    const assertion = letter === undefined ? undefined : ASSERTIONS[letter];
    if (assertion !== undefined) {
      this.#at += 2;
      return { kind: 'assert', what: assertion };
    }
    const named = this.#namedClass();
    if (named !== undefined) return { kind: 'char', set: new CharSet(named.ranges, named.parts) };
    this.#at = start;
    return this.#literal(this.#escapedCode());
  }

  /** The characters of `\Q…\E`, each of which a repetition may follow. */
  #quoted(): Node[] {
    const end = this.#source.indexOf('\\E', this.#at);
    const text = this.#source.slice(this.#at + 2, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#source.length : end + 2;
    return [...text].map((char) => this.#literal(char.codePointAt(0)!));
  }

  /** `\d`, `\pL`, `\p{Greek}` and their opposites. */
  #namedClass(): ClassPart | undefined {
    const letter = this.#source[this.#at + 1] ?? '';
    const ranges = PERL_CLASSES[letter.toLowerCase()];
    if (ranges !== undefined) {
      this.#at += 2;
      return this.#part({ ranges, parts: [] }, letter !== letter.toLowerCase());
    }
    if (letter !== 'p' && letter !== 'P') return undefined;
    const match = this.#match(/\\[pP](?:\{([^}]*)\}|([^{]))/uy);
    const rest = this.#source.slice(this.#at);
    if (match === undefined) throw new RegexpError('invalid character class range', rest);
    const name = match[1] ?? match[2] ?? '';
    const plain = name.startsWith('^') ? name.slice(1) : name;
    const property = unicodeClass(plain);
    if (property === undefined) throw new RegexpError('invalid character class range', match[0]);
    const negated = (letter === 'P') !== name.startsWith('^');
    return this.#part({ ranges: [], parts: [property] }, negated);
  }

  /** A named class or its opposite; case is disregarded before it is turned round. */
  #part(part: ClassPart, negated: boolean): ClassPart {
    const { ranges, parts } = this.#flags.fold ? foldSet(part.ranges, part.parts) : part;
    if (!negated) return { ranges, parts };
    if (parts.length === 0) return { ranges: negateRanges(ranges), parts };
    const set = new CharSet(ranges, parts);
    return { ranges: [], parts: [(code) => !set.has(code)] };
  }

  /** One character that is written with a backslash. */
  #escapedCode(): number {
    const start = this.#at++;
    if (this.#at >= this.#source.length) throw new RegexpError('trailing backslash at end of expression', '');
    const fail = (): RegexpError => new RegexpError('invalid escape sequence', this.#source.slice(start, this.#at));
    const octal = this.#match(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y);
    if (octal !== undefined) return Number.parseInt(octal[0], 8);
    const hex = this.#match(/x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/y);
    if (hex !== undefined) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (code > MAX_CODE) {
        this.#at--;
        throw fail();
      }
      return code;
    }
    const code = this.#next();
    const char = String.fromCodePoint(code);
    // What is missing from a number in hex is said as far as it goes.
    if (char === 'x') this.#match(/\{[0-9a-fA-F]*[^}]?|[0-9a-fA-F]?(?:.|\n)?/uy);
    const control = ESCAPES[char];
    if (control !== undefined) return control;
    if (code < 128 && !/[A-Za-z0-9]/.test(char)) return code;
    throw fail();
  }

  #class(): CharSet {
    const start = this.#at++;
    const negated = this.#take('^');
    const ranges: (readonly [number, number])[] = [];
    const parts: Predicate[] = [];
    for (let first = true; first || !this.#looksAt(']'); first = false) {
      if (this.#at >= this.#source.length) throw new RegexpError('missing closing ]', this.#source.slice(start));
      const named = this.#posixClass() ?? (this.#looksAt('\\') ? this.#namedClass() : undefined);
      if (named !== undefined) {
        ranges.push(...named.ranges);
        parts.push(...named.parts);
      } else {
        const part = this.#part({ ranges: [this.#range(start)], parts: [] }, false);
        ranges.push(...part.ranges);
        parts.push(...part.parts);
      }
    }
    this.#at++;
    return new CharSet(ranges, parts, negated);
  }

  #posixClass(): ClassPart | undefined {
    const match = this.#match(/\[:(\^?)([^\]:]*):\]/y);
    if (match === undefined) return undefined;
    const ranges = POSIX_CLASSES[match[2] ?? ''];
    if (ranges === undefined) throw new RegexpError('invalid character class range', match[0]);
    return this.#part({ ranges, parts: [] }, match[1] === '^');
  }

  #range(classStart: number): readonly [number, number] {
    const start = this.#at;
    const low = this.#classCode(classStart);
    if (!this.#looksAt('-') || this.#at + 1 >= this.#source.length || this.#source[this.#at + 1] === ']')
      return [low, low];
    this.#at++;
    const high = this.#classCode(classStart);
    if (high < low) throw new RegexpError('invalid character class range', this.#source.slice(start, this.#at));
    return [low, high];
  }

  #classCode(classStart: number): number {
    if (this.#at >= this.#source.length) throw new RegexpError('missing closing ]', this.#source.slice(classStart));
    return this.#looksAt('\\') ? this.#escapedCode() : this.#next();
  }

  #next(): number {
    const code = this.#source.codePointAt(this.#at)!;
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #looksAt(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #take(char: string): boolean {
    if (!this.#looksAt(char)) return false;
    this.#at += char.length;
    return true;
  }

  /** A match of a sticky pattern right here. */
  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }
}

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'beginText',
  z: 'endText',
  b: 'wordBoundary',
  B: 'noWordBoundary',
};

/** The part of a group's head up to the character that is no flag. */
function badFlags(rest: string): string {
  const match = /^\(\?(?:[imsU]*-?[imsU]*)/.exec(rest)![0];
  const next = rest.codePointAt(match.length);
  return next === undefined ? rest : match + String.fromCodePoint(next);
}
