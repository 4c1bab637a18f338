import { quote } from '../quote.ts';
import type { Schema } from '../schema.ts';
import { DecodeError, MAX_DEPTH } from './decode-context.ts';

/** Upstream stops collecting here. */
const MAX_ERRORS = 100;

/**
 * Unknown and duplicate fields of a JSON text in document order, with upstream's wording and paths
 * (`unknown field "spec.foo"`, `duplicate field "data.a"`). `text` must be valid JSON; parsed objects no longer know
 * which keys came twice, so this reads the text. Upstream: sigs.k8s.io/json, strict mode.
 */
export function strictErrors(schema: Schema, text: string): string[] {
  return new StrictScanner(text).scan(schema);
}

/**
 * Keys that come twice in an object of a JSON text whose type does not matter, as `duplicate field "[0].op"`. `text`
 * must be valid JSON.
 */
export function duplicateKeys(text: string): string[] {
  return new StrictScanner(text).scan(ANYTHING);
}

const ANYTHING: Schema = { type: 'any' };
const ANY_OBJECT: Schema = { type: 'map', values: ANYTHING };
const ANY_LIST: Schema = { type: 'array', items: ANYTHING };

class StrictScanner {
  readonly #text: string;
  #at = 0;
  readonly #errors = new Set<string>();
  readonly #path: string[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  scan(schema: Schema): string[] {
    this.#value(schema);
    return [...this.#errors];
  }

  #report(kind: 'unknown' | 'duplicate', key: string): void {
    if (this.#errors.size >= MAX_ERRORS) return;
    const path = [...this.#path, this.#path.length === 0 ? key : `.${key}`].join('');
    this.#errors.add(`${kind} field ${quote(path)}`);
  }

  #value(schema: Schema | undefined): void {
    this.#space();
    const first = this.#text[this.#at];
    const known = schema === ANYTHING ? untyped(first) : schema;
    if (first === '{' && (known?.type === 'object' || known?.type === 'map')) this.#object(known);
    else if (first === '[' && known?.type === 'array') this.#array(known.items);
    else this.#skip();
  }

  #object(schema: Extract<Schema, { type: 'object' | 'map' }>): void {
    const seen = new Set<string>();
    this.#at++;
    this.#space();
    while (this.#text[this.#at] !== '}') {
      const key = this.#key();
      this.#space();
      this.#at++; // the colon
      const field = schema.type === 'object' ? schema.fields.get(key) : undefined;
      const open = schema.type === 'map' || (schema.type === 'object' && schema.preserveUnknownFields === true);
      if (field === undefined && !open) this.#report('unknown', key);
      else if (seen.has(key)) this.#report('duplicate', key);
      seen.add(key);
      this.#inside(this.#path.length === 0 ? key : `.${key}`, schema.type === 'map' ? schema.values : field?.schema);
      this.#comma();
    }
    this.#at++;
  }

  #array(items: Schema): void {
    this.#at++;
    this.#space();
    for (let index = 0; this.#text[this.#at] !== ']'; index++) {
      this.#inside(`[${index}]`, items);
      this.#comma();
    }
    this.#at++;
  }

  #inside(step: string, schema: Schema | undefined): void {
    if (this.#path.length > MAX_DEPTH) throw new DecodeError('exceeded max depth');
    this.#path.push(step);
    this.#value(schema);
    this.#path.pop();
  }

  /** Passes one value of any form; without recursion, as its depth is the client's choice. */
  #skip(): void {
    let depth = 0;
    do {
      this.#space();
      const char = this.#text[this.#at];
      if (char === '"') this.#string();
      else if (char === '{' || char === '[') {
        depth++;
        this.#at++;
      } else if (char === '}' || char === ']') {
        depth--;
        this.#at++;
      } else if (char === ',' || char === ':') this.#at++;
      else this.#word();
    } while (depth > 0 && this.#at < this.#text.length);
  }

  #key(): string {
    const start = this.#at;
    this.#string();
    const inner = this.#text.slice(start + 1, this.#at - 1);
    return inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner;
  }

  #string(): void {
    let at = this.#at + 1;
    for (;;) {
      const code = this.#text.charCodeAt(at);
      if (code === 34 || Number.isNaN(code)) break;
      at += code === 92 ? 2 : 1;
    }
    this.#at = at + 1;
  }

  #word(): void {
    while (this.#at < this.#text.length && !/[\s,\]}]/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #comma(): void {
    this.#space();
    if (this.#text[this.#at] === ',') this.#at++;
    this.#space();
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.#at++;
    }
  }
}

function untyped(first: string | undefined): Schema | undefined {
  return first === '{' ? ANY_OBJECT : first === '[' ? ANY_LIST : undefined;
}
