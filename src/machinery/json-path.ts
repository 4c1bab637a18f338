/**
 * The part of JSONPath that definitions of custom resources use: fields, indexes, slices, wildcards, unions, recursive
 * descent and filters. Upstream: client-go/util/jsonpath.
 */

type Step =
  | { type: 'field'; name: string }
  | { type: 'wildcard' }
  | { type: 'recursive' }
  | { type: 'slice'; start: number | undefined; end: number | undefined; step: number }
  | { type: 'union'; steps: Step[][] }
  | { type: 'filter'; left: Operand; operator: string; right: Operand | undefined };

type Operand = { path: Step[] } | { value: string | number | boolean };

/** A compiled path: the values it finds, in order. */
export type JsonPath = (root: unknown) => unknown[];

/** Compiles `.spec.items[0].name`, without braces; undefined where the text is no path. Missing keys find nothing. */
export function compileJsonPath(text: string): JsonPath | undefined {
  const parser = new Parser(text);
  const steps = parser.path();
  return steps === undefined || !parser.done ? undefined : (root) => walk(steps, [root]);
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Steps until the end or a character that no step begins with. */
  path(): Step[] | undefined {
    const steps: Step[] = [];
    if (this.#peek() === '$' || this.#peek() === '@') this.#at++;
    while (!this.done) {
      const char = this.#peek();
      if (char === '.') {
        if (!this.#dotted(steps)) return undefined;
      } else if (char === '[') {
        const step = this.#bracket();
        if (step === undefined) return undefined;
        steps.push(step);
      } else if (steps.length === 0 && /[\w-]/.test(char)) steps.push({ type: 'field', name: this.#name() });
      else break;
    }
    return steps;
  }

  #dotted(steps: Step[]): boolean {
    this.#at++;
    if (this.#peek() === '.') {
      this.#at++;
      steps.push({ type: 'recursive' });
      if (this.#peek() === '[') return true;
    }
    if (this.#peek() === '*') {
      this.#at++;
      steps.push({ type: 'wildcard' });
      return true;
    }
    const name = this.#name();
    // A lone dot is the root itself.
    if (name === '') return this.done && steps.length === 0;
    steps.push({ type: 'field', name });
    return true;
  }

  /** A name after a dot; a backslash takes the next character as it is. */
  #name(): string {
    let name = '';
    for (; !this.done; this.#at++) {
      const char = this.#peek();
      if (char === '\\') name += this.#text[++this.#at] ?? '';
      else if (/[\s.,[\]$@{}]/.test(char)) break;
      else name += char;
    }
    return name;
  }

  #bracket(): Step | undefined {
    const end = this.#closing();
    if (end < 0) return undefined;
    const inner = this.#text.slice(this.#at + 1, end).trim();
    this.#at = end + 1;
    if (inner === '*') return { type: 'wildcard' };
    if (inner.startsWith('?(') && inner.endsWith(')')) return filterOf(inner.slice(2, -1));
    const parts = splitTop(inner);
    if (parts.length > 1) {
      const steps = parts.map((part) => elementOf(part.trim()));
      return steps.includes(undefined) ? undefined : { type: 'union', steps: steps.map((step) => [step as Step]) };
    }
    return elementOf(inner);
  }

  /** The bracket that closes the one here, outside quotes. */
  #closing(): number {
    let depth = 0;
    let quote = '';
    for (let at = this.#at; at < this.#text.length; at++) {
      const char = this.#text[at]!;
      if (quote !== '') {
        if (char === '\\') at++;
        else if (char === quote) quote = '';
      } else if (char === "'" || char === '"') quote = char;
      else if (char === '[') depth++;
      else if (char === ']' && --depth === 0) return at;
    }
    return -1;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }
}

/** Parts between commas that are in no quotes. */
function splitTop(text: string): string[] {
  return text.match(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^,]+/g) ?? [];
}

function elementOf(text: string): Step | undefined {
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted) return { type: 'field', name: quoted[2]!.replace(/\\(.)/g, '$1') };
  const slice = /^(-?\d*)(?::(-?\d*))?(?::(-?\d+))?$/.exec(text);
  if (!slice || text === '') return /^[\w-]+$/.test(text) ? { type: 'field', name: text } : undefined;
  const number = (digits: string | undefined): number | undefined => (digits ? Number(digits) : undefined);
  const start = number(slice[1]);
  if (slice[2] === undefined) {
    if (start === undefined) return undefined;
    return { type: 'slice', start, end: start === -1 ? undefined : start + 1, step: 1 };
  }
  return { type: 'slice', start, end: number(slice[2]), step: number(slice[3]) ?? 1 };
}

function filterOf(text: string): Step | undefined {
  const whole = text.trim();
  const comparison = /==|!=|<=|>=|<|>/g;
  comparison.lastIndex = 1;
  const found = comparison.exec(whole);
  const after = found ? whole.slice(comparison.lastIndex).trimStart() : '';
  if (!found || after === '') {
    const left = operandOf(whole);
    return left && { type: 'filter', left, operator: 'exists', right: undefined };
  }
  const left = operandOf(whole.slice(0, found.index).trimEnd());
  const right = operandOf(after);
  return left && right && { type: 'filter', left, operator: found[0], right };
}

function operandOf(text: string): Operand | undefined {
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted) return { value: quoted[2]!.replace(/\\(.)/g, '$1') };
  if (text === 'true' || text === 'false') return { value: text === 'true' };
  if (/^-?\d+(\.\d+)?$/.test(text)) return { value: Number(text) };
  const parser = new Parser(text);
  const path = parser.path();
  return path === undefined || !parser.done ? undefined : { path };
}

function walk(steps: readonly Step[], from: readonly unknown[]): unknown[] {
  let values = [...from];
  for (const step of steps) values = values.flatMap((value) => take(step, value));
  return values;
}

function take(step: Step, value: unknown): unknown[] {
  if (step.type === 'recursive') return descend(value);
  if (step.type === 'union') return step.steps.flatMap((steps) => walk(steps, [value]));
  if (typeof value !== 'object' || value === null) return [];
  switch (step.type) {
    case 'field': {
      const known = !Array.isArray(value) && Object.hasOwn(value, step.name);
      return known ? [(value as Record<string, unknown>)[step.name]] : [];
    }
    case 'wildcard':
      return Object.values(value);
    case 'slice':
      return Array.isArray(value) ? sliceOf(value, step) : [];
    case 'filter':
      return Object.values(value).filter((item) => matches(step, item));
  }
}

function sliceOf(list: readonly unknown[], { start, end, step }: Extract<Step, { type: 'slice' }>): unknown[] {
  if (step <= 0) return [];
  return list.slice(start ?? 0, end ?? list.length).filter((_, index) => index % step === 0);
}

function descend(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [value];
  return [value, ...Object.values(value).flatMap(descend)];
}

function matches({ left, operator, right }: Extract<Step, { type: 'filter' }>, item: unknown): boolean {
  const values = (operand: Operand): unknown[] => ('path' in operand ? walk(operand.path, [item]) : [operand.value]);
  const found = values(left);
  if (operator === 'exists' || right === undefined) return found.length > 0;
  const [a] = found;
  const [b] = values(right);
  if (a === undefined || b === undefined || typeof a !== typeof b) return false;
  return compare(a as string | number, operator, b as string | number);
}

function compare(a: string | number, operator: string, b: string | number): boolean {
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}
