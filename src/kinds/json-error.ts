/** What is wrong with JSON, in the words of Go's decoder. Upstream: encoding/json. */
import { quote } from '../machinery/quote.ts';

/** Why `text` is no JSON object; undefined when it is one (or null). */
export const jsonObjectError = (text: string, goType = 'map[string]interface {}'): string | undefined =>
  jsonError(text, 'object', goType);

/** Why `text` is no JSON array; undefined when it is one (or null). */
export const jsonArrayError = (text: string, goType: string): string | undefined => jsonError(text, 'array', goType);

function jsonError(text: string, expected: string, goType: string): string | undefined {
  const why = new Scanner(text).run();
  if (why !== undefined) return why;
  const found = NAMES[text.trimStart().charAt(0)] ?? 'number';
  return found === expected || found === 'null'
    ? undefined
    : `json: cannot unmarshal ${found} into Go value of type ${goType}`;
}

/** What Go calls the type of a decoded value that is not null. */
export function jsonTypeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** What a value is by its first character; all others begin numbers. */
const NAMES: Readonly<Record<string, string>> = {
  '{': 'object',
  '[': 'array',
  '"': 'string',
  t: 'bool',
  f: 'bool',
  n: 'null',
};

const END = 'unexpected end of JSON input';
const SPACE = ' \t\r\n';

class Scanner {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  /** The first finding, or undefined for valid JSON. */
  run(): string | undefined {
    const why = this.#value('looking for beginning of value', 0);
    if (why !== undefined) return why;
    this.#space();
    return this.#at < this.#text.length ? this.#unexpected('after top-level value') : undefined;
  }

  #space(): void {
    while (this.#at < this.#text.length && SPACE.includes(this.#text.charAt(this.#at))) this.#at++;
  }

  #unexpected(where: string): string {
    if (this.#at >= this.#text.length) return END;
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at) as number);
    const shown = char === "'" ? "'\\''" : char === '"' ? "'\"'" : `'${quote(char).slice(1, -1)}'`;
    return `invalid character ${shown} ${where}`;
  }

  #value(where: string, depth: number): string | undefined {
    if (depth > MAX_DEPTH) return 'exceeded max depth';
    this.#space();
    const char = this.#text.charAt(this.#at);
    if (char === '{') return this.#members(depth);
    if (char === '[') return this.#items(depth);
    if (char === '"') return this.#string();
    const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/.exec(this.#text.slice(this.#at, this.#at + MAX_NUMBER));
    if (number) {
      this.#at += number[0].length;
      return undefined;
    }
    for (const word of ['true', 'false', 'null']) if (char !== '' && word.startsWith(char)) return this.#word(word);
    return this.#unexpected(where);
  }

  #word(word: string): string | undefined {
    for (let i = 0; i < word.length; i++, this.#at++) {
      if (this.#text.charAt(this.#at) !== word.charAt(i))
        return this.#unexpected(`in literal ${word} (expecting '${word.charAt(i)}')`);
    }
    return undefined;
  }

  #string(): string | undefined {
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const char = this.#text.charAt(this.#at);
      if (char === '"') {
        this.#at++;
        return undefined;
      }
      if (char < ' ') return this.#unexpected('in string literal');
      if (char !== '\\') continue;
      this.#at++;
      if (!'"\\/bfnrtu'.includes(this.#text.charAt(this.#at))) return this.#unexpected('in string escape code');
    }
    return END;
  }

  #items(depth: number): string | undefined {
    this.#at++;
    this.#space();
    if (this.#text.charAt(this.#at) === ']') {
      this.#at++;
      return undefined;
    }
    for (;;) {
      const why = this.#value('looking for beginning of value', depth + 1);
      if (why !== undefined) return why;
      this.#space();
      const char = this.#text.charAt(this.#at);
      if (char !== ',' && char !== ']') return this.#unexpected('after array element');
      this.#at++;
      if (char === ']') return undefined;
    }
  }

  #members(depth: number): string | undefined {
    this.#at++;
    this.#space();
    if (this.#text.charAt(this.#at) === '}') {
      this.#at++;
      return undefined;
    }
    for (;;) {
      this.#space();
      if (this.#text.charAt(this.#at) !== '"') return this.#unexpected('looking for beginning of object key string');
      const key = this.#string();
      if (key !== undefined) return key;
      this.#space();
      if (this.#text.charAt(this.#at) !== ':') return this.#unexpected('after object key');
      this.#at++;
      const why = this.#value('looking for beginning of value', depth + 1);
      if (why !== undefined) return why;
      this.#space();
      const char = this.#text.charAt(this.#at);
      if (char !== ',' && char !== '}') return this.#unexpected('after object key:value pair');
      this.#at++;
      if (char === '}') return undefined;
    }
  }
}

const MAX_DEPTH = 1000;
/** Longer numbers are cut, which only moves where a fault in them is found. */
const MAX_NUMBER = 400;
