import type { EntryNode, Expr, FieldNode } from './ast.ts';
import { boolType, bytesType, doubleType, intType, nullType, stringType, uintType } from './cel-type.ts';
import type { CelType } from './contract.ts';
import { type Token, type TokenKind, tokenize } from './lexer.ts';
import { bytesLiteral, doubleLiteral, intLiteral, LiteralError, stringLiteral, uintLiteral } from './literals.ts';
import { expandMacro } from './macros.ts';
import type { Source } from './source.ts';

/** Words that name no variable. */
export const reserved: ReadonlySet<string> = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(
    ' ',
  ),
);
const relations: ReadonlySet<string> = new Set(['<', '<=', '>=', '>', '==', '!=', 'in']);
const maxDepth = 250;

/** The text is no expression: the grammar, not a rule beyond it, refuses it. */
class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault';
}

/** Ends the parse with a message that has no place. */
class DepthFault extends Error {
  override readonly name = 'DepthFault';
}

type Rule = 'expr' | 'relation' | 'calc' | 'member';

/**
 * A parser by recursive descent that builds the tree upstream builds, macros expanded. It refuses a wrong text without
 * saying why: `diagnose` of the caller does.
 */
class Parser {
  private readonly tokens: readonly Token[];
  private readonly source: Source;
  private readonly bindings: boolean;
  private index = 0;
  private readonly depth: Record<Rule, number> = { expr: 0, relation: 0, calc: 0, member: 0 };

  constructor(tokens: readonly Token[], source: Source, bindings: boolean) {
    this.tokens = tokens;
    this.source = source;
    this.bindings = bindings;
  }

  start(): Expr {
    const result = this.expr();
    this.take('EOF');
    return result;
  }

  private get token(): Token {
    return this.tokens[this.index] as Token;
  }

  private peek(ahead: number): TokenKind {
    return (this.tokens[Math.min(this.index + ahead, this.tokens.length - 1)] as Token).kind;
  }

  private take(kind: TokenKind): Token {
    const token = this.token;
    if (token.kind !== kind) throw new SyntaxFault();
    this.index++;
    return token;
  }

  private accept(kind: TokenKind): Token | undefined {
    return this.token.kind === kind ? this.take(kind) : undefined;
  }

  /** Upstream counts how deep each rule of the grammar nests. */
  private enter(rule: Rule): void {
    if (++this.depth[rule] > maxDepth) throw new DepthFault(`expression recursion limit exceeded: ${maxDepth}`);
  }

  private higher(node: Expr, ...children: readonly Expr[]): Expr {
    node.height = 1 + Math.max(0, ...children.map((child) => child.height ?? 0));
    if (node.height > maxDepth) throw new DepthFault('max recursion depth exceeded');
    return node;
  }

  private as(node: Expr, ...children: readonly (Expr | undefined)[]): Expr {
    node.height = Math.max(0, ...children.map((child) => child?.height ?? 0));
    return node;
  }

  private expr(): Expr {
    this.enter('expr');
    const condition = this.logical('||');
    const question = this.accept('?');
    let result = condition;
    if (question !== undefined) {
      const yes = this.logical('||');
      this.take(':');
      const no = this.expr();
      result = this.higher(this.call('_?_:_', question.at, [condition, yes, no]), condition, yes, no);
    }
    this.depth.expr--;
    return result;
  }

  private call(name: string, at: number, args: readonly Expr[]): Expr {
    return { kind: 'call', name, target: undefined, args, at };
  }

  private logical(operator: '||' | '&&'): Expr {
    const read = () => (operator === '||' ? this.logical('&&') : this.relation());
    const terms = [read()];
    const places: number[] = [];
    for (let found = this.accept(operator); found !== undefined; found = this.accept(operator)) {
      places.push(found.at);
      terms.push(read());
    }
    return terms.length === 1 ? (terms[0] as Expr) : this.balanced(operator === '||' ? '_||_' : '_&&_', terms, places);
  }

  /** Upstream balances chains of && and || into a tree, which decides what is evaluated first. */
  private balanced(name: string, terms: readonly Expr[], places: readonly number[]): Expr {
    const build = (low: number, high: number): Expr => {
      const middle = (low + high + 1) >> 1;
      const left = middle === low ? (terms[middle] as Expr) : build(low, middle - 1);
      const right = middle === high ? (terms[middle + 1] as Expr) : build(middle + 1, high);
      return this.as(this.call(name, places[middle] as number, [left, right]), left, right);
    };
    return build(0, places.length - 1);
  }

  private relation(): Expr {
    this.enter('relation');
    let left = this.sum();
    while (relations.has(this.token.kind)) {
      const operator = this.take(this.token.kind);
      this.enter('relation');
      const right = this.sum();
      this.depth.relation--;
      const name = operator.kind === 'in' ? '@in' : `_${operator.text}_`;
      left = this.higher(this.call(name, operator.at, [left, right]), left, right);
    }
    this.depth.relation--;
    return left;
  }

  private sum(): Expr {
    return this.chain(['+', '-'], () => this.chain(['*', '/', '%'], () => this.unary(), true), false);
  }

  /** Left-associative operators of one level; upstream's rule `calc` serves both levels. */
  private chain(operators: readonly TokenKind[], operand: () => Expr, inner: boolean): Expr {
    if (!inner) this.enter('calc');
    let left = operand();
    while (operators.includes(this.token.kind)) {
      const operator = this.take(this.token.kind);
      this.enter('calc');
      const right = operand();
      this.depth.calc--;
      left = this.higher(this.call(`_${operator.text}_`, operator.at, [left, right]), left, right);
    }
    if (!inner) this.depth.calc--;
    return left;
  }

  private unary(): Expr {
    const sign = this.token;
    if (sign.kind !== '!' && sign.kind !== '-') return this.member();
    if (sign.kind === '-' && (this.peek(1) === 'NUM_INT' || this.peek(1) === 'NUM_FLOAT')) return this.member();
    let count = 0;
    while (this.accept(sign.kind) !== undefined) count++;
    const operand = this.member();
    if (count % 2 === 0) return operand;
    return this.as(this.call(sign.kind === '!' ? '!_' : '-_', sign.at, [operand]), operand);
  }

  private member(): Expr {
    this.enter('member');
    let node = this.primary();
    while (this.token.kind === '.' || this.token.kind === '[') {
      node = this.token.kind === '.' ? this.dotted(node) : this.indexed(node);
    }
    this.depth.member--;
    return node;
  }

  private dotted(operand: Expr): Expr {
    const dot = this.take('.');
    const optional = this.accept('?') !== undefined;
    const name = this.accept('ESC_IDENTIFIER') ?? this.take('IDENTIFIER');
    if (!optional && name.kind === 'IDENTIFIER' && this.token.kind === '(') return this.memberCall(operand, name.text);
    if (name.kind === 'ESC_IDENTIFIER') this.source.report(name.at, "unsupported syntax: '`'");
    if (optional) {
      const field: Expr = { kind: 'literal', value: name.text, of: stringType, at: name.at };
      return this.higher(this.call('_?._', dot.at, [operand, field]), operand);
    }
    return this.higher({ kind: 'select', operand, field: name.text, test: false, at: dot.at }, operand);
  }

  private memberCall(target: Expr, name: string): Expr {
    const open = this.take('(');
    const args = this.exprList();
    this.take(')');
    const expanded = expandMacro({ name, at: open.at, target, args }, this.source, this.bindings);
    return this.higher(expanded ?? { kind: 'call', name, target, args, at: open.at }, target, ...args);
  }

  private indexed(operand: Expr): Expr {
    const open = this.take('[');
    const optional = this.accept('?') !== undefined;
    const index = this.expr();
    this.take(']');
    return this.higher(this.call(optional ? '_[?_]' : '_[_]', open.at, [operand, index]), operand, index);
  }

  private exprList(): readonly Expr[] {
    if (this.token.kind === ')') return [];
    const list = [this.expr()];
    while (this.accept(',') !== undefined) list.push(this.expr());
    return list;
  }

  private primary(): Expr {
    const token = this.token;
    switch (token.kind) {
      case '(': {
        this.take('(');
        const inner = this.expr();
        this.take(')');
        return inner;
      }
      case '[':
        return this.list();
      case '{':
        return this.map();
      case '.':
      case 'IDENTIFIER':
        return this.named();
      default:
        return this.literal();
    }
  }

  private named(): Expr {
    const dot = this.accept('.');
    if (this.opensMessage()) return this.message(dot !== undefined);
    const id = this.take('IDENTIFIER');
    const name = (dot === undefined ? '' : '.') + id.text;
    const at = dot?.at ?? id.at;
    if (reserved.has(id.text)) {
      this.source.report(at, `reserved identifier: ${id.text}`);
      if (this.token.kind !== '(') return { kind: 'broken', at };
    }
    if (this.token.kind !== '(') return { kind: 'ident', name, at: id.at };
    const open = this.take('(');
    const args = this.exprList();
    this.take(')');
    if (reserved.has(id.text)) return { kind: 'broken', at };
    const expanded = expandMacro({ name, at: open.at, target: undefined, args }, this.source, this.bindings);
    return this.as(expanded ?? this.call(name, open.at, args), ...args);
  }

  /** Whether a dotted name and a brace follow. */
  private opensMessage(): boolean {
    let ahead = 0;
    while (this.peek(ahead) === 'IDENTIFIER' && this.peek(ahead + 1) === '.') ahead += 2;
    return this.peek(ahead) === 'IDENTIFIER' && this.peek(ahead + 1) === '{';
  }

  private message(rooted: boolean): Expr {
    let name = (rooted ? '.' : '') + this.take('IDENTIFIER').text;
    while (this.accept('.') !== undefined) name += `.${this.take('IDENTIFIER').text}`;
    const open = this.take('{');
    const fields: FieldNode[] = [];
    const start = this.token.at;
    while (this.token.kind !== '}' && this.token.kind !== ',') {
      const optional = this.accept('?') !== undefined;
      const id = this.accept('ESC_IDENTIFIER') ?? this.take('IDENTIFIER');
      const colon = this.take(':');
      if (id.kind === 'ESC_IDENTIFIER') this.source.report(start, "unsupported syntax: '`'");
      fields.push({ at: colon.at, name: id.text, value: this.expr(), optional });
      if (!this.goesOn('}')) break;
    }
    this.accept(',');
    this.take('}');
    return this.as({ kind: 'struct', name, fields, at: open.at }, ...fields.map((field) => field.value));
  }

  /** After an element: takes a comma that another element follows. */
  private goesOn(close: TokenKind): boolean {
    if (this.token.kind !== ',' || this.peek(1) === close || this.peek(1) === ',') return false;
    this.take(',');
    return true;
  }

  private list(): Expr {
    const open = this.take('[');
    const elements: Expr[] = [];
    const optional = new Set<number>();
    while (this.token.kind !== ']' && this.token.kind !== ',') {
      if (this.accept('?') !== undefined) optional.add(elements.length);
      elements.push(this.expr());
      if (!this.goesOn(']')) break;
    }
    this.accept(',');
    this.take(']');
    return this.as({ kind: 'list', elements, optional, at: open.at }, ...elements);
  }

  private map(): Expr {
    const open = this.take('{');
    const entries: EntryNode[] = [];
    while (this.token.kind !== '}' && this.token.kind !== ',') {
      const optional = this.accept('?') !== undefined;
      const key = this.expr();
      const colon = this.take(':');
      entries.push({ at: colon.at, key, value: this.expr(), optional });
      if (!this.goesOn('}')) break;
    }
    this.accept(',');
    this.take('}');
    return this.as({ kind: 'map', entries, at: open.at }, ...entries.flatMap((entry) => [entry.key, entry.value]));
  }

  private literal(): Expr {
    const first = this.token;
    const negative = this.accept('-') !== undefined;
    const token = this.token;
    if (negative && token.kind !== 'NUM_INT' && token.kind !== 'NUM_FLOAT') throw new SyntaxFault();
    this.index++;
    try {
      const [of, value] = literalOf(token, negative);
      return { kind: 'literal', value, of, at: first.at };
    } catch (error) {
      if (!(error instanceof LiteralError)) throw error;
      this.source.report(first.at, error.message);
      return { kind: 'broken', at: first.at };
    }
  }
}

/** The type and value of a literal. Throws a LiteralError for what it cannot mean. */
export function literalOf(token: Token, negative: boolean): readonly [CelType, unknown] {
  switch (token.kind) {
    case 'NUM_INT':
      return [intType, intLiteral(token.text, negative)];
    case 'NUM_UINT':
      return [uintType, uintLiteral(token.text)];
    case 'NUM_FLOAT':
      return [doubleType, doubleLiteral(token.text, negative)];
    case 'STRING':
      return [stringType, stringLiteral(token.text)];
    case 'BYTES':
      return [bytesType, bytesLiteral(token.text)];
    case 'true':
    case 'false':
      return [boolType, token.kind === 'true'];
    case 'null':
      return [nullType, null];
    default:
      throw new SyntaxFault();
  }
}

/**
 * Parses an expression. `undefined` with nothing reported means that the grammar refuses the text and `diagnose` has to
 * say why; what else is wrong is reported to the source. `bindings`: the environment has `cel.bind`.
 */
export function parse(source: Source, bindings = false): Expr | undefined {
  const { tokens, errors } = tokenize(source.text);
  if (errors.length > 0) return undefined;
  try {
    return new Parser(tokens, source, bindings).start();
  } catch (error) {
    if (error instanceof SyntaxFault) {
      source.clear();
      return undefined;
    }
    if (!(error instanceof DepthFault)) throw error;
    source.report(undefined, error.message);
    return undefined;
  }
}
