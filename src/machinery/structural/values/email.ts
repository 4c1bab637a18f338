/** Mail addresses, with or without a name. Upstream: net/mail.ParseAddress. */

const ATOM = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~\\u0080-\\uffff]+";
const DOT_ATOM = new RegExp(`^${ATOM}(?:\\.${ATOM})*`, 'u');
/** Go tolerates dots at odd places in names, not in addresses. */
const PHRASE_ATOM = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u0080-\uffff]+/u;
const QUOTED = /^"(?:[\t !#-[\]-~\u0080-\uffff]|\\[\t !-~\u0080-\uffff])*"/u;
const DOMAIN_LITERAL = /^\[[\t !-Z^-~]*\]/;

/** Whether the text is one address: `a@b.c`, or `Name <a@b.c>`. */
export function isEmailAddress(text: string): boolean {
  const reader = new Reader(text);
  reader.space();
  if (reader.address() && reader.atEnd()) return true;
  reader.at = 0;
  reader.space();
  if (!reader.phrase()) reader.at = 0;
  reader.space();
  return reader.take(/^</) && reader.address() && reader.take(/^>/) && reader.atEnd();
}

class Reader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  take(pattern: RegExp): boolean {
    const match = pattern.exec(this.#text.slice(this.at));
    if (match === null || match[0] === '') return false;
    this.at += match[0].length;
    return true;
  }

  space(): void {
    this.take(/^[ \t]+/);
  }

  /** Nothing but space and comments is left. */
  atEnd(): boolean {
    for (;;) {
      this.space();
      if (this.#text[this.at] !== '(') return this.at === this.#text.length;
      if (!this.#comment()) return false;
    }
  }

  #comment(): boolean {
    let depth = 0;
    for (; this.at < this.#text.length; this.at++) {
      const char = this.#text[this.at];
      if (char === '\\') this.at++;
      else if (char === '(') depth++;
      else if (char === ')' && --depth === 0) {
        this.at++;
        return true;
      }
    }
    return false;
  }

  address(): boolean {
    this.space();
    const quoted = this.#text[this.at] === '"';
    if (!(quoted ? this.take(QUOTED) : this.take(DOT_ATOM))) return false;
    if (!this.take(/^@/)) return false;
    this.space();
    return this.take(DOT_ATOM) || this.take(DOMAIN_LITERAL);
  }

  /** Words of a name. */
  phrase(): boolean {
    let words = 0;
    for (;;) {
      this.space();
      if (!(this.#text[this.at] === '"' ? this.take(QUOTED) : this.take(PHRASE_ATOM))) return words > 0;
      words++;
    }
  }
}
