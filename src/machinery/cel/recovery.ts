/** ANTLR's default error strategy over the tokens of an expression. Upstream: antlr4-go error_strategy.go */
import type { LexicalError, Token, TokenKind } from './lexer.ts';
import type { Source } from './source.ts';

export type TokenSet = ReadonlySet<TokenKind>;

/** The tokens after a rule where it was called; `end`: also what follows the calling rule. */
export interface Follow {
  readonly tokens: TokenSet;
  readonly end: boolean;
}

/** Ends the whole diagnosis; an empty message has been reported already. */
export class SyntaxStop extends Error {
  override readonly name = 'SyntaxStop';
}

/** Ends one rule, which recovers. */
class RuleError extends Error {
  override readonly name = 'RuleError';
  readonly state: string;
  readonly token: Token;
  constructor(message: string, token: Token, state: string) {
    super(message);
    this.token = token;
    this.state = state;
  }
}

/** In the order of their numbers upstream, in which sets are shown. */
const order: readonly TokenKind[] = [
  ...([
    'EOF',
    '==',
    '!=',
    'in',
    '<',
    '<=',
    '>=',
    '>',
    '&&',
    '||',
    '[',
    ']',
    '{',
    '}',
    '(',
    ')',
    '.',
    ',',
    '-',
    '!',
    '?',
  ] as const),
  ...([
    ':',
    '+',
    '*',
    '/',
    '%',
    'true',
    'false',
    'null',
    'NUM_FLOAT',
    'NUM_INT',
    'NUM_UINT',
    'STRING',
    'BYTES',
  ] as const),
  ...(['IDENTIFIER', 'ESC_IDENTIFIER'] as const),
];
const maxAttempts = 30;
const maxSkipped = 256;
const maxReports = 100;

function shownKind(kind: TokenKind): string {
  if (kind === 'EOF') return '<EOF>';
  return /^[A-Z]/.test(kind) ? kind : `'${kind}'`;
}

function shownSet(kinds: TokenSet): string {
  const sorted = order.filter((kind) => kinds.has(kind)).map(shownKind);
  return sorted.length === 1 ? (sorted[0] as string) : `{${sorted.join(', ')}}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;
}

export class Recovery {
  private readonly tokens: readonly Token[];
  private readonly source: Source;
  private readonly errors: readonly LexicalError[];
  private reports = 0;
  private index = 0;
  private readonly calls: Follow[] = [];
  private recovering = false;
  private attempts = 0;
  private lastIndex = -1;
  private lastStates = new Set<string>();

  constructor(tokens: readonly Token[], source: Source, errors: readonly LexicalError[]) {
    this.tokens = tokens;
    this.source = source;
    this.errors = errors;
  }

  get kind(): TokenKind {
    return this.token.kind;
  }

  get token(): Token {
    return this.tokens[this.index] as Token;
  }

  peek(ahead: number): TokenKind {
    return (this.tokens[Math.min(this.index + ahead, this.tokens.length - 1)] as Token).kind;
  }

  isNumber(ahead: number): boolean {
    const kind = this.peek(ahead);
    return kind === 'NUM_INT' || kind === 'NUM_FLOAT';
  }

  /** Runs a rule; what it cannot match is reported, and skipped up to what may follow. Gives whether it matched. */
  rule(after: Follow | undefined, body: () => void): boolean {
    if (after !== undefined) this.calls.push(after);
    try {
      body();
      return true;
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      this.report(error.message, error.token);
      this.recover(error.state);
      return false;
    } finally {
      if (after !== undefined) this.calls.pop();
    }
  }

  /** Takes a token of one kind: deletes a wrong one before it, or makes it up, where that repairs the text. */
  match(kind: TokenKind, state: string): void {
    if (this.kind === kind) {
      this.take();
      return;
    }
    this.countAttempt();
    if (this.deletes(new Set([kind]))) {
      this.consume();
      return;
    }
    if (!this.inserts(kind, state)) throw this.mismatch(new Set([kind]), state);
  }

  /** Takes the token whatever it is; its kind is known. */
  take(): void {
    this.recovering = false;
    this.lastIndex = -1;
    this.lastStates = new Set();
    this.consume();
  }

  /** Before alternatives: one of `expected` has to come. */
  sync(expected: TokenSet, state: string): void {
    if (this.recovering || expected.has(this.kind)) return;
    if (!this.deletes(expected)) throw this.mismatch(expected, state);
  }

  /** In a loop: skips what is not expected. */
  syncLoop(expected: TokenSet, _state: string): void {
    if (this.recovering || expected.has(this.kind)) return;
    this.report(`extraneous input ${quoted(this.token.text)} expecting ${shownSet(expected)}`, this.token);
    this.skipTo(new Set([...expected, ...this.recoverySet()]));
  }

  /** The fault of a prediction that failed at a token further on. */
  noViableAlternative(ahead: number, state: string): RuleError {
    const last = this.tokens[Math.min(this.index + ahead, this.tokens.length - 1)] as Token;
    const end = last.kind === 'EOF' ? this.source.text.length : last.at + last.text.length;
    const text = this.kind === 'EOF' ? '<EOF>' : this.textOf(this.token.at, end);
    const reserved = /^.(true|false|null)$/.exec(text)?.[1];
    const message =
      reserved === undefined
        ? `no viable alternative at input ${quoted(text)}`
        : `mismatched input '${reserved}' expecting IDENTIFIER`;
    return new RuleError(message, last, state);
  }

  private mismatch(expected: TokenSet, state: string): RuleError {
    return new RuleError(
      `mismatched input ${quoted(this.token.text)} expecting ${shownSet(expected)}`,
      this.token,
      state,
    );
  }

  private consume(): void {
    if (this.kind !== 'EOF') this.index++;
  }

  private report(message: string, token: Token): void {
    if (this.recovering) return;
    this.recovering = true;
    this.complain(token.at, message);
  }

  /** Reports a syntax error, and ends it all after too many. */
  complain(at: number, message: string): void {
    const enough = this.reports++ >= maxReports;
    this.source.report(at, `Syntax error: ${enough ? `More than ${maxReports} syntax errors` : message}`);
    if (enough) throw new SyntaxStop('');
  }

  /** Reports what is wrong beyond the grammar. */
  remark(at: number, message: string): void {
    this.source.report(at, message);
  }

  /** The text of a stretch without what is no token in it. */
  private textOf(start: number, end: number): string {
    let text = '';
    let from = start;
    for (const { at, text: wrong } of this.errors) {
      if (at < from || at >= end) continue;
      text += this.source.text.slice(from, at);
      from = at + wrong.length;
    }
    return text + this.source.text.slice(from, end);
  }

  /** Drops one token if the next is what was expected. */
  private deletes(expected: TokenSet): boolean {
    if (!expected.has(this.peek(1))) return false;
    this.report(`extraneous input ${quoted(this.token.text)} expecting ${shownSet(expected)}`, this.token);
    this.consume();
    this.recovering = false;
    this.lastIndex = -1;
    this.lastStates = new Set();
    return true;
  }

  /** Pretends that the expected token was there if what comes could follow it. */
  private inserts(kind: TokenKind, state: string): boolean {
    const after = this.afterState(kind, state);
    if (!after.has(this.kind)) return false;
    this.report(`missing ${shownKind(kind)} at ${quoted(this.token.text)}`, this.token);
    return true;
  }

  /** What may come after a token that is missing, by the place in the grammar. */
  private afterState(kind: TokenKind, state: string): TokenSet {
    const known = nextOf(kind, state);
    const all = new Set(known.tokens);
    if (!known.end) return all;
    for (let level = this.calls.length - 1; level >= 0; level--) {
      const call = this.calls[level] as Follow;
      for (const token of call.tokens) all.add(token);
      if (!call.end) return all;
    }
    return all.add('EOF');
  }

  private recoverySet(): TokenSet {
    return new Set(this.calls.flatMap((call) => [...call.tokens]));
  }

  private recover(state: string): void {
    this.countAttempt();
    if (this.lastIndex === this.index && this.lastStates.has(state)) this.consume();
    this.lastIndex = this.index;
    this.lastStates.add(state);
    this.skipTo(this.recoverySet());
  }

  private skipTo(wanted: TokenSet): void {
    let skipped = 0;
    while (this.kind !== 'EOF' && !wanted.has(this.kind)) {
      if (skipped++ >= maxSkipped) throw new SyntaxStop(`error recovery token lookahead limit exceeded: ${maxSkipped}`);
      this.consume();
    }
  }

  private countAttempt(): void {
    if (this.attempts++ < maxAttempts) return;
    this.complain(this.token.at, `error recovery attempt limit exceeded: ${maxAttempts}`);
    throw new SyntaxStop('');
  }
}

const expression: TokenSet = new Set([
  ...([
    '[',
    '{',
    '(',
    '.',
    '-',
    '!',
    'true',
    'false',
    'null',
    'NUM_FLOAT',
    'NUM_INT',
    'NUM_UINT',
    'STRING',
    'BYTES',
  ] as const),
  'IDENTIFIER' as const,
]);
const none: TokenSet = new Set();
const chain: Follow = { tokens: new Set(['.', '[']), end: true };
const expressionNext: Follow = { tokens: expression, end: false };

/** The tokens right after one that `match` wants in a state. */
function nextOf(kind: TokenKind, state: string): Follow {
  switch (kind) {
    case 'EOF':
      return { tokens: none, end: true };
    case ':':
    case '||':
    case '&&':
    case '!':
    case '-':
      return expressionNext;
    case ')':
    case ']':
    case '}':
      return state.startsWith('index') || state.startsWith('call') ? chain : { tokens: none, end: true };
    case '(':
      return { tokens: new Set([...expression, ')']), end: false };
    case '?':
      return state === 'expr' ? expressionNext : { tokens: new Set(['IDENTIFIER', 'ESC_IDENTIFIER']), end: false };
    case 'IDENTIFIER':
      return state === 'message name' ? { tokens: new Set(['.', '{']), end: false } : { tokens: none, end: true };
    default:
      return { tokens: none, end: false };
  }
}
