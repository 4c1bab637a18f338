/** What is wrong with a text that is no JSON, in the words of Go's decoder. Upstream: encoding/json scanner.go. */
import { quote } from './quote.ts';

const END = 'unexpected end of JSON input';
const encoder = new TextEncoder();

/** The message for `text`, which may be given as its bytes; empty where it is valid JSON. */
export function jsonSyntaxMessage(text: string | Uint8Array): string {
  try {
    new SyntaxScanner(typeof text === 'string' ? encoder.encode(text) : text).scan();
    return '';
  } catch (fault) {
    if (fault instanceof SyntaxFault) return fault.message;
    throw fault;
  }
}

class SyntaxFault extends Error {}

const isSpace = (code: number | undefined): boolean => code === 32 || code === 9 || code === 10 || code === 13;
const isDigit = (code: number | undefined): boolean => code !== undefined && code >= 48 && code <= 57;
const isHex = (code: number | undefined): boolean =>
  code !== undefined && /[0-9a-fA-F]/.test(String.fromCharCode(code));
const code = (char: string): number => char.charCodeAt(0);

/** Walks without recursion, since how deep a text nests is its author's choice. */
class SyntaxScanner {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  scan(): void {
    const open: ('{' | '[')[] = [];
    this.#value(open);
    for (;;) {
      this.#space();
      const inner = open.at(-1);
      if (inner === undefined) break;
      if (this.#take(inner === '{' ? '}' : ']')) {
        open.pop();
        continue;
      }
      if (!this.#take(',')) this.#fail(inner === '{' ? 'after object key:value pair' : 'after array element');
      if (inner === '{') this.#key();
      this.#value(open);
    }
    if (this.#at < this.#bytes.length) this.#fail('after top-level value');
  }

  /** Passes a scalar, or enters objects and lists as far as their first scalar; empty ones are passed whole. */
  #value(open: ('{' | '[')[]): void {
    for (;;) {
      this.#space();
      if (this.#take('{')) {
        this.#space();
        if (this.#take('}')) return;
        open.push('{');
        this.#key();
      } else if (this.#take('[')) {
        this.#space();
        if (this.#take(']')) return;
        open.push('[');
      } else {
        this.#scalar();
        return;
      }
    }
  }

  #key(): void {
    this.#space();
    if (!this.#take('"')) this.#fail('looking for beginning of object key string');
    this.#string();
    this.#space();
    if (!this.#take(':')) this.#fail('after object key');
  }

  #scalar(): void {
    const first = this.#bytes[this.#at];
    if (this.#take('"')) this.#string();
    else if (first === code('-') || isDigit(first)) this.#number();
    else if (first === code('t')) this.#literal('true');
    else if (first === code('f')) this.#literal('false');
    else if (first === code('n')) this.#literal('null');
    else this.#fail('looking for beginning of value');
  }

  #string(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || byte < 32) this.#fail('in string literal');
      this.#at++;
      if (byte === code('"')) return;
      if (byte !== code('\\')) continue;
      if (this.#take('u')) {
        for (let i = 0; i < 4; i++) {
          if (!isHex(this.#bytes[this.#at])) this.#fail('in \\u hexadecimal character escape');
          this.#at++;
        }
      } else if (!'bfnrt\\/"'.includes(this.#char())) this.#fail('in string escape code');
      else this.#at++;
    }
  }

  #number(): void {
    this.#take('-');
    if (!this.#take('0')) this.#digits('in numeric literal');
    if (this.#take('.')) this.#digits('after decimal point in numeric literal');
    if (!this.#take('e') && !this.#take('E')) return;
    if (!this.#take('+')) this.#take('-');
    this.#digits('in exponent of numeric literal');
  }

  #digits(where: string): void {
    if (!isDigit(this.#bytes[this.#at])) this.#fail(where);
    while (isDigit(this.#bytes[this.#at])) this.#at++;
  }

  #literal(word: string): void {
    this.#at++;
    for (const char of word.slice(1)) if (!this.#take(char)) this.#fail(`in literal ${word} (expecting '${char}')`);
  }

  #take(char: string): boolean {
    if (this.#bytes[this.#at] !== code(char)) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    while (isSpace(this.#bytes[this.#at])) this.#at++;
  }

  /** The byte at hand as the character of that number; empty at the end, which nothing may follow. */
  #char(): string {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new SyntaxFault(END);
    return String.fromCharCode(byte);
  }

  #fail(where: string): never {
    const char = this.#char();
    const shown = char === "'" ? `'\\''` : char === '"' ? `'"'` : `'${quote(char).slice(1, -1)}'`;
    throw new SyntaxFault(`invalid character ${shown} ${where}`);
  }
}
