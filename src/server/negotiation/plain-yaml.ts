/**
 * The YAML that programs write, read in one pass: block and flow collections, scalars in all styles, comments. Whatever
 * goes beyond that or is not well formed is left to the parser that knows the whole language, and the time it takes.
 * Upstream: go.yaml.in/yaml/v2, as sigs.k8s.io/yaml uses it.
 */
import { type Folding, readBlockScalar, readDoubleQuoted, readSingleQuoted } from './yaml-scalars.ts';
import { isPlainKey, plainValue } from './yaml-values.ts';

/** Left to the full parser. */
export class BeyondPlain extends Error {
  override readonly name = 'BeyondPlain';
}

const leave = (): never => {
  throw new BeyondPlain();
};

/** Line ends and characters that need rules of their own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const ODD = /[\r\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;
const MAX_DEPTH = 100;
/** Longer keys are none, nor are those that span lines. */
const MAX_KEY = 1_000;
/** What no scalar starts with that has no quotes. */
const INDICATORS = new Set('?!&*|>%@`#,[]{}"\'-:');

/** Scalars that may be numbers or dates of other forms; each takes the time of many. */
const MAX_UNCLEAR = 1_000;

/** Reads one scalar as JSON; undefined where it is none. */
export type ReadScalar = (text: string) => string | undefined;

/** A document as JSON text; undefined where the full parser must read it. `unclear` reads scalars of other forms. */
export function plainYamlToJson(text: string, unclear: ReadScalar): string | undefined {
  if (ODD.test(text)) return undefined;
  try {
    return new PlainReader(text, unclear).document();
  } catch (error) {
    if (error instanceof BeyondPlain) return undefined;
    throw error;
  }
}

class PlainReader implements Folding {
  readonly text: string;
  at = 0;
  /** Where the line begins that `at` is in. */
  #line = 0;
  #depth = 0;
  #unclear = 0;
  readonly #readScalar: ReadScalar;
  readonly #out: string[] = [];

  constructor(text: string, readScalar: ReadScalar) {
    this.text = text;
    this.#readScalar = readScalar;
  }

  document(): string {
    if (this.text.startsWith('---\n')) this.#startLine(4);
    this.#nextContent();
    if (this.at >= this.text.length) leave();
    this.#blockNode(-1);
    if (this.at < this.text.length) leave();
    return this.#out.join('');
  }

  leave(): never {
    throw new BeyondPlain();
  }

  /** Goes to the start of a line. */
  #startLine(at: number): void {
    this.at = at;
    this.#line = at;
  }

  get #column(): number {
    return this.at - this.#line;
  }

  /** Goes to the next character that means something, over the rest of this line, which must mean nothing. */
  #nextContent(): void {
    const { text } = this;
    for (;;) {
      const before = this.at;
      while (text[this.at] === ' ') this.at++;
      const char = text[this.at];
      if (char === undefined) return;
      if (char === '\t') leave();
      if (char === '#' && (before < this.at || this.at === this.#line)) this.#skipLine();
      else if (char === '\n') this.#startLine(this.at + 1);
      else {
        const isMarker = this.at === this.#line && (text.startsWith('---', this.at) || text.startsWith('...', this.at));
        if (isMarker || char === '%') leave();
        return;
      }
    }
  }

  #skipLine(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end;
  }

  /** What is here, at its own column, in a collection at column `parent`. */
  #blockNode(parent: number): void {
    if (++this.#depth > MAX_DEPTH) leave();
    if (this.#isEntry()) this.#blockSequence(this.#column);
    else if (this.#isKey()) this.#blockMap(this.#column);
    else this.#inline(parent);
    this.#depth--;
  }

  #isEntry(): boolean {
    const next = this.text[this.at + 1];
    return this.text[this.at] === '-' && (next === ' ' || next === '\n' || next === undefined);
  }

  /** Whether a key starts here, which ends with a colon on the same line. */
  #isKey(): boolean {
    const { text, at } = this;
    const quote = text[at];
    if (quote === '[' || quote === '{') return false;
    if (quote === '"' || quote === "'") {
      let end = at + 1;
      for (; text[end] !== quote || (quote === "'" && text[end + 1] === "'"); end++) {
        if (text[end] === undefined || text[end] === '\n') return false;
        if (text[end] === (quote === '"' ? '\\' : "'")) end++;
      }
      end++;
      while (text[end] === ' ') end++;
      return text[end] === ':';
    }
    return this.#colon() >= 0;
  }

  /** The colon that ends a key without quotes on this line; -1 where there is none. */
  #colon(): number {
    for (let end = this.at; ; end++) {
      const char = this.text[end];
      if (char === undefined || char === '\n' || char === '\t') return -1;
      if (char === '#' && this.text[end - 1] === ' ') return -1;
      if (char !== ':') continue;
      const next = this.text[end + 1];
      if (next === undefined || next === ' ' || next === '\n') return end;
    }
  }

  #blockSequence(column: number): void {
    let separator = '[';
    while (this.at < this.text.length && this.#column === column && this.#isEntry()) {
      this.#out.push(separator);
      separator = ',';
      this.at++;
      this.#nested(column, false);
    }
    this.#out.push(']');
    if (this.at < this.text.length && this.#column > column) leave();
  }

  #blockMap(column: number): void {
    const keys = new Set<string>();
    while (this.at < this.text.length && this.#column === column) {
      if (this.#isEntry()) break;
      const key = this.#key();
      if (keys.has(key)) leave();
      this.#out.push(keys.size === 0 ? '{' : ',', JSON.stringify(key), ':');
      keys.add(key);
      this.#nested(column, true);
    }
    this.#out.push('}');
    if (this.at < this.text.length && this.#column > column) leave();
  }

  /** The key of a map here, and over the colon after it. */
  #key(): string {
    const start = this.at;
    const quote = this.text[start];
    let key: string;
    if (quote === '"' || quote === "'") {
      key = quote === '"' ? readDoubleQuoted(this) : readSingleQuoted(this);
      while (this.text[this.at] === ' ') this.at++;
      const after = this.text[this.at + 1];
      if (this.text[this.at] !== ':' || (after !== ' ' && after !== '\n' && after !== undefined)) leave();
    } else {
      const colon = this.#colon();
      if (colon < 0 || INDICATORS.has(quote as string)) leave();
      key = this.text.slice(start, colon).trimEnd();
      if (!isPlainKey(key)) leave();
      this.at = colon;
    }
    if (this.at - start > MAX_KEY) leave();
    this.at++;
    return key;
  }

  /** The value of an entry or a key of a collection at `column`; a sequence may stand right below its key. */
  #nested(column: number, ofMap: boolean): void {
    const line = this.#line;
    const start = this.at;
    this.#nextContent();
    const { at } = this;
    if (at >= this.text.length) this.#out.push('null');
    else if (this.#line === line) {
      if (at === start) leave();
      if (ofMap) {
        if (++this.#depth > MAX_DEPTH) leave();
        this.#inline(column);
        this.#depth--;
      } else this.#blockNode(column);
    } else if (this.#column > column) this.#blockNode(column);
    else if (ofMap && this.#column === column && this.#isEntry()) {
      this.#blockNode(column);
    } else this.#out.push('null');
  }

  /** A scalar or a flow collection, and up to the next content after it. */
  #inline(parent: number): void {
    const char = this.text[this.at] as string;
    if (char === '|' || char === '>') {
      this.#out.push(JSON.stringify(readBlockScalar(this, parent)));
      this.#startLine(this.at);
    } else if (char === '[' || char === '{') this.#flow();
    else if (char === '"') this.#out.push(JSON.stringify(readDoubleQuoted(this)));
    else if (char === "'") this.#out.push(JSON.stringify(readSingleQuoted(this)));
    else {
      this.#plain(parent);
      return;
    }
    this.#line = this.text.lastIndexOf('\n', this.at - 1) + 1;
    const { at } = this;
    const line = this.#line;
    this.#nextContent();
    if (this.at < this.text.length && this.#line === line && at !== line) leave();
  }

  /** A scalar without quotes; lines that are indented more than `parent` go on with it. */
  #plain(parent: number): void {
    const first = this.text[this.at] as string;
    const next = this.text[this.at + 1];
    const isText = (first === '-' || first === ':' || first === '?') && next !== undefined && !' \n\t'.includes(next);
    if (INDICATORS.has(first) && !isText) leave();
    let value = '';
    let lines = 0;
    let breaks = 0;
    for (;;) {
      const { part, commented } = this.#plainLine();
      value += lines === 0 ? part : (breaks > 1 ? '\n'.repeat(breaks - 1) : ' ') + part;
      lines++;
      const end = this.at;
      this.#nextContent();
      if (this.at >= this.text.length || this.#column <= parent) break;
      const skipped = this.text.slice(end, this.at);
      if (commented || skipped.includes('#')) leave();
      breaks = skipped.split('\n').length - 1;
    }
    this.#out.push(lines === 1 ? this.#valueOf(value) : JSON.stringify(value));
  }

  #valueOf(text: string): string {
    const plain = plainValue(text);
    if (plain !== undefined) return plain;
    if (text === '<<' || ++this.#unclear > MAX_UNCLEAR) leave();
    return this.#readScalar(text) ?? leave();
  }

  /** The rest of this line without a comment; a colon that would make it a key is left to the full parser. */
  #plainLine(): { part: string; commented: boolean } {
    const start = this.at;
    if (this.#colon() >= 0) leave();
    this.#skipLine();
    let part = this.text.slice(start, this.at);
    if (part.includes('\t')) leave();
    const comment = part.indexOf(' #');
    if (comment >= 0) part = part.slice(0, comment);
    return { part: part.trimEnd(), commented: comment >= 0 };
  }

  /** A collection in brackets, which may span lines. */
  #flow(): void {
    if (++this.#depth > MAX_DEPTH) leave();
    const isMap = this.text[this.at] === '{';
    const close = isMap ? '}' : ']';
    this.#out.push(isMap ? '{' : '[');
    this.at++;
    const keys = new Set<string>();
    for (let first = true; ; first = false) {
      this.#flowSpace();
      if (this.text[this.at] === close) break;
      if (!first) this.#out.push(',');
      if (isMap) this.#flowKey(keys);
      this.#flowValue();
      this.#flowSpace();
      if (this.text[this.at] === ',') this.at++;
      else if (this.text[this.at] !== close) leave();
    }
    this.at++;
    this.#out.push(close);
    this.#depth--;
  }

  #flowKey(keys: Set<string>): void {
    const start = this.at;
    const char = this.text[this.at] as string;
    const quoted = char === '"' || char === "'";
    const key = quoted ? (char === '"' ? readDoubleQuoted(this) : readSingleQuoted(this)) : this.#flowText();
    if (!quoted && !isPlainKey(key)) leave();
    while (this.text[this.at] === ' ') this.at++;
    if (this.text[this.at] !== ':' || this.at - start > MAX_KEY || keys.has(key)) leave();
    this.at++;
    keys.add(key);
    this.#out.push(JSON.stringify(key), ':');
    this.#flowSpace();
  }

  #flowValue(): void {
    const char = this.text[this.at];
    if (char === '[' || char === '{') this.#flow();
    else if (char === '"') this.#out.push(JSON.stringify(readDoubleQuoted(this)));
    else if (char === "'") this.#out.push(JSON.stringify(readSingleQuoted(this)));
    else this.#out.push(this.#valueOf(this.#flowText()));
  }

  /** A scalar without quotes up to what ends it, on one line. */
  #flowText(): string {
    const start = this.at;
    const first = this.text[start] as string;
    if (first === undefined || (INDICATORS.has(first) && !/^-[\w.]/.test(this.text.slice(start, start + 2)))) leave();
    while (!FLOW_END.has(this.text[this.at] ?? '\n')) this.at++;
    const end = this.text[this.at];
    if (end === '\t' || end === '#' || end === '?' || end === '[' || end === '{') leave();
    if (end === ':' && this.text[this.at + 1] !== ' ') leave();
    return this.text.slice(start, this.at).trimEnd();
  }

  /** Over white space and line ends. */
  #flowSpace(): void {
    for (; ; this.at++) {
      const char = this.text[this.at];
      if (char === '\n') {
        if (/^(---|\.\.\.|#)/.test(this.text.slice(this.at + 1, this.at + 4))) leave();
      } else if (char !== ' ') {
        if (char === undefined || char === '#' || char === '\t') leave();
        return;
      }
    }
  }
}

const FLOW_END = new Set(',[]{}:#?\n\t');
