/** Label selectors as text. Upstream: apimachinery/pkg/labels/selector.go. */

import { quote } from '../quote.ts';
import { badRequest } from '../status.ts';
import { labelValueErrors, qualifiedNameErrors } from './names.ts';

/** One requirement on labels; the same shape that storage takes. */
export interface LabelRequirement {
  key: string;
  operator: 'in' | 'notin' | 'exists' | 'absent' | 'gt' | 'lt';
  values: string[];
}

type TokenType = '!' | '!=' | '=' | '==' | ',' | '(' | ')' | '<' | '>' | 'in' | 'notin' | 'word' | 'end';

interface Token {
  type: TokenType;
  text: string;
}

/** Parses a label selector; an empty text selects everything. Throws 400 with the parser's message. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  if (text === '') return [];
  const parser = new Parser(tokenize(text));
  const requirements = parser.parse();
  return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

const SPECIAL = '=!(),><';
const SPACE = /\s/;
const WORD_END = /[=!(),><\s]/g;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at]!;
    if (SPACE.test(char)) {
      at++;
      continue;
    }
    let end = at + 1;
    if (SPECIAL.includes(char)) {
      if ((char === '!' || char === '=') && text[end] === '=') end++;
      const symbol = text.slice(at, end);
      tokens.push({ type: symbol as TokenType, text: symbol });
    } else {
      WORD_END.lastIndex = end;
      end = WORD_END.exec(text)?.index ?? text.length;
      const word = text.slice(at, end);
      tokens.push({ type: word === 'in' || word === 'notin' ? word : 'word', text: word });
    }
    at = end;
  }
  return tokens;
}

const END: Token = { type: 'end', text: '' };

class Parser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  /** The next token; `in` and `notin` are words unless an operator is expected. */
  #peek(operator = false): Token {
    const token = this.#tokens[this.#at] ?? END;
    return !operator && (token.type === 'in' || token.type === 'notin') ? { type: 'word', text: token.text } : token;
  }

  #take(operator = false): Token {
    const token = this.#peek(operator);
    this.#at++;
    return token;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.type === 'end') return requirements;
      if (token.type !== 'word' && token.type !== '!')
        throw badRequest(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.#requirement());
      const after = this.#take();
      if (after.type === 'end') return requirements;
      if (after.type !== ',') throw badRequest(`found '${after.text}', expected: ',' or 'end of string'`);
      const next = this.#peek();
      if (next.type !== 'word' && next.type !== '!')
        throw badRequest(`found '${next.text}', expected: identifier after ','`);
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#take();
    const absent = token.type === '!';
    if (absent) token = this.#take();
    if (token.type !== 'word') throw unparsable(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const problems = qualifiedNameErrors(key);
    if (problems.length > 0) throw unparsable(`<nil>: Invalid value: ${quote(key)}: ${problems.join('; ')}`);
    if (absent) return { key, operator: 'absent', values: [] };
    const next = this.#peek();
    if (next.type === 'end' || next.type === ',') return { key, operator: 'exists', values: [] };
    return this.#comparison(key);
  }

  #comparison(key: string): LabelRequirement {
    const token = this.#take(true);
    switch (token.type) {
      case 'in':
      case 'notin':
        return checked(key, token.type, this.#values());
      case '=':
      case '==':
        return checked(key, 'in', [this.#exactValue()]);
      case '!=':
        return checked(key, 'notin', [this.#exactValue()]);
      case '>':
      case '<':
        return checked(key, token.type === '>' ? 'gt' : 'lt', [this.#exactValue()]);
      default:
        throw unparsable(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next.type === 'end' || next.type === ',') return '';
    const token = this.#take();
    if (token.type !== 'word') throw unparsable(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #values(): string[] {
    const open = this.#take();
    if (open.type !== '(') throw unparsable(`found '${open.text}' expected: '('`);
    const next = this.#peek();
    if (next.type === ')') {
      this.#take();
      return [''];
    }
    if (next.type !== 'word' && next.type !== ',')
      throw unparsable(`found '${next.text}', expected: ',', ')' or identifier`);
    const values = this.#valueList();
    const close = this.#take();
    if (close.type !== ')') throw unparsable(`found '${close.text}', expected: ')'`);
    return values;
  }

  /** Values up to the closing parenthesis; nothing between commas is the empty value. */
  #valueList(): string[] {
    const values = new Set<string>();
    for (;;) {
      const token = this.#take();
      if (token.type === 'word') {
        values.add(token.text);
        const next = this.#peek();
        if (next.type === ')') return [...values];
        if (next.type !== ',') throw unparsable(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.type === ',') {
        if (values.size === 0) values.add('');
        const next = this.#peek();
        if (next.type === ')') {
          values.add('');
          return [...values];
        }
        if (next.type === ',') {
          this.#take();
          values.add('');
        }
      } else throw unparsable(`found '${token.text}', expected: ',', or identifier`);
    }
  }
}

const unparsable = (why: string) => badRequest(`unable to parse requirement: ${why}`);

const INT64_LIMIT = 2n ** 63n;

function isInt64(text: string): boolean {
  if (!/^[-+]?\d+$/.test(text)) return false;
  const value = BigInt(text.replace(/^\+/, ''));
  return value < INT64_LIMIT && value >= -INT64_LIMIT;
}

function checked(key: string, operator: LabelRequirement['operator'], values: string[]): LabelRequirement {
  if ((operator === 'gt' || operator === 'lt') && !isInt64(values[0] ?? '')) {
    throw unparsable(
      `values[0]: Invalid value: ${quote(values[0] ?? '')}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  values.sort();
  values.forEach((value, i) => {
    const problems = labelValueErrors(value);
    if (problems.length > 0)
      throw unparsable(`values[${i}][${key}]: Invalid value: ${quote(value)}: ${problems.join('; ')}`);
  });
  return { key, operator, values };
}
