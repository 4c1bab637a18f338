/** The words of an expression. Punctuation and keywords are their own kind. */
export type TokenKind =
  | 'IDENTIFIER'
  | 'ESC_IDENTIFIER'
  | 'NUM_INT'
  | 'NUM_UINT'
  | 'NUM_FLOAT'
  | 'STRING'
  | 'BYTES'
  | 'EOF'
  | Symbol;

type Symbol =
  | '=='
  | '!='
  | 'in'
  | '<'
  | '<='
  | '>='
  | '>'
  | '&&'
  | '||'
  | '['
  | ']'
  | '{'
  | '}'
  | '('
  | ')'
  | '.'
  | ','
  | '-'
  | '!'
  | '?'
  | ':'
  | '+'
  | '*'
  | '/'
  | '%'
  | 'true'
  | 'false'
  | 'null';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offset of the first UTF-16 unit. */
  readonly at: number;
}

/** A stretch that is no token, as upstream's lexer reports it. */
export interface LexicalError {
  readonly at: number;
  readonly text: string;
}

const space = /(?:[\t \r\n\f]+|\/\/[^\n]*)+/y;
const number =
  /((?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?))|((?:0x[0-9a-fA-F]+|\d+)[uU])|(0x[0-9a-fA-F]+|\d+)/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const escapedWord = /`[A-Za-z0-9_.\-/ ]+`/y;
const escaped = `${String.raw`\\(?:[abfnrtv"'\\?`}\`]|[0-3][0-7][0-7]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`;
const text = new RegExp(
  [
    `"""(?:${escaped}|[^\\\\])*?"""`,
    `'''(?:${escaped}|[^\\\\])*?'''`,
    `"(?:${escaped}|[^\\\\"\\n\\r])*"`,
    `'(?:${escaped}|[^\\\\'\\n\\r])*'`,
  ].join('|'),
  'y',
);
const rawText = /[rR](?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n\r]*"|'[^'\n\r]*')/y;
const symbol = /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y;
const keywords: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null']);

function match(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

function literal(source: string, at: number): Token | undefined {
  const first = source[at] as string;
  if (first === '"' || first === "'") {
    const found = match(text, source, at);
    return found === undefined ? undefined : { kind: 'STRING', text: found, at };
  }
  if (first === 'r' || first === 'R') {
    const found = match(rawText, source, at);
    return found === undefined ? undefined : { kind: 'STRING', text: found, at };
  }
  if (first === 'b' || first === 'B') {
    const found = match(text, source, at + 1) ?? match(rawText, source, at + 1);
    return found === undefined ? undefined : { kind: 'BYTES', text: first + found, at };
  }
  return undefined;
}

function numeric(source: string, at: number): Token | undefined {
  number.lastIndex = at;
  const found = number.exec(source);
  if (found === null) return undefined;
  const kind = found[1] !== undefined ? 'NUM_FLOAT' : found[2] !== undefined ? 'NUM_UINT' : 'NUM_INT';
  return { kind, text: found[0], at };
}

function next(source: string, at: number): Token | undefined {
  const quoted = literal(source, at);
  if (quoted !== undefined) return quoted;
  const name = match(word, source, at);
  if (name !== undefined) return { kind: keywords.has(name) ? (name as Symbol) : 'IDENTIFIER', text: name, at };
  const figure = numeric(source, at);
  if (figure !== undefined) return figure;
  const sign = match(symbol, source, at);
  if (sign !== undefined) return { kind: sign as Symbol, text: sign, at };
  const quotedName = match(escapedWord, source, at);
  return quotedName === undefined ? undefined : { kind: 'ESC_IDENTIFIER', text: quotedName, at };
}

/** The stretch that starts no token: upstream's lexer gives up at, and drops, the first character that cannot go on. */
function unreadable(source: string, at: number): string {
  const first = source[at] as string;
  const bytes = (first === 'b' || first === 'B') && /["'rR]/.test(source[at + 1] ?? '');
  const from = bytes ? at + 1 : at;
  if (source[from] !== '"' && source[from] !== "'") return at === from ? unreadableWord(source, at) : first;
  const open = new RegExp(`["'](?:${escaped}|[^\\\\\\n\\r])*`, 'y');
  const body = match(open, source, from) ?? '';
  const end = from + body.length;
  return source.slice(at, end) + (source[end] === '\\' ? brokenEscape(source, end) : characterAt(source, end));
}

function characterAt(source: string, at: number): string {
  const code = source.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
}

/** Half an operator, or an escaped name that does not end. */
function unreadableWord(source: string, at: number): string {
  const begun = match(/[&|=]|`[A-Za-z0-9_.\-/ ]*/y, source, at) ?? '';
  return begun + characterAt(source, at + begun.length);
}

function brokenEscape(source: string, at: number): string {
  const rest = source.slice(at, at + 10);
  const valid = /^\\(?:[0-3][0-7]?|[xX][0-9a-fA-F]{0,1}|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7})?/.exec(rest)?.[0] ?? '\\';
  return valid + (rest[valid.length] ?? '');
}

/** Splits an expression into tokens, the last of kind EOF, skipping what is none. */
export function tokenize(source: string): {
  readonly tokens: readonly Token[];
  readonly errors: readonly LexicalError[];
} {
  const tokens: Token[] = [];
  const errors: LexicalError[] = [];
  let at = 0;
  for (;;) {
    at += match(space, source, at)?.length ?? 0;
    if (at >= source.length) break;
    const token = next(source, at);
    if (token === undefined) {
      const wrong = unreadable(source, at);
      errors.push({ at, text: wrong });
      at += wrong.length;
    } else {
      tokens.push(token);
      at += token.text.length;
    }
  }
  tokens.push({ kind: 'EOF', text: '<EOF>', at });
  return { tokens, errors };
}
