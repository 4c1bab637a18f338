/**
 * The numbers of JSON that JavaScript's own would change. Integers beyond 2^53 are bigints in every object of the API,
 * whatever its type says, and print their digits; all others are numbers. Only a text that has such an integer pays for
 * it: others are told apart by one look at the text.
 */
import { setMember } from './own-member.ts';

/** What V8 and TypeScript's library do not agree on yet. Upstream: TC39 JSON.parse source text access. */
const rawJson = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON;

declare global {
  interface BigInt {
    toJSON(): unknown;
  }
}

// JSON.stringify asks for this method, and refuses bigints without it.
BigInt.prototype.toJSON = function (this: bigint): unknown {
  return rawJson ? rawJson(String(this)) : Number(this);
};

const LARGE = /(?:^|[:[,])\s*-?\d{16}/;
const EACH_LARGE = /([:[,]\s*)(-?\d{16,})(?=\s*[,\]}])/g;
/** Large integers, and numbers that are not written as integers. */
const UNUSUAL = /(?:^|[:[,])\s*-?(?:\d{16}|\d+[.eE])/;
const EACH_UNUSUAL = /([:[,]\s*)(-?(?:\d{16,}|\d+(?:\.\d+)?[eE][-+]?\d+|\d+\.\d+))(?=\s*[,\]}])/g;
const MAX_LITERALS = 10_000;
const INTEGER = /^-?\d+$/;

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** A number as it was written, for decoders that judge its spelling, as Go's do: `1.0` and `1e0` are no integers. */
export class NumberLiteral {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  toJSON(): unknown {
    return rawJson ? rawJson(this.source) : Number(this.source);
  }
}

/** A number in the form of objects. Upstream: sigs.k8s.io/json, which takes for a float64 what is no int64. */
export function exactNumber(source: string): number | bigint {
  const value = Number(source);
  if (Number.isSafeInteger(value) || !INTEGER.test(source)) return value;
  const exact = BigInt(source);
  return exact >= MIN_INT64 && exact <= MAX_INT64 ? exact : value;
}

type Revive = (source: string) => unknown;

/**
 * Parses with `revive` for the numbers that `pattern` finds by its second group, whatever stands around them. They are
 * made texts before the parse and numbers after it: a reviver, which is called for every value, takes thirty times as
 * long as a parse. Throws a SyntaxError.
 */
function parseWith(text: string, pattern: RegExp, revive: Revive): unknown {
  const plain: unknown = JSON.parse(text);
  if (typeof plain !== 'object' || plain === null) return typeof plain === 'number' ? revive(text.trim()) : plain;
  if (text.includes(MARK) || /\\ue000/i.test(text)) return parseWithReviver(text, pattern, revive);
  const marked = markNumbers(text, pattern);
  return marked === text ? plain : replaceMarked(JSON.parse(marked), revive);
}

/** Begins the texts that stand for numbers. */
const MARK = '\ue000';

function markNumbers(text: string, pattern: RegExp): string {
  const parts: string[] = [];
  let done = 0;
  // Everything before `outside` was looked at; `quote` begins the next text.
  let outside = 0;
  let quote = text.indexOf('"');
  for (const match of text.matchAll(pattern)) {
    const at = match.index + match[1]!.length;
    while (quote >= 0 && quote < at) {
      outside = endOfText(text, quote);
      quote = text.indexOf('"', outside);
    }
    if (outside > at) continue;
    parts.push(text.slice(done, at), `"${MARK}${match[2]}"`);
    done = at + match[2]!.length;
  }
  return parts.join('') + text.slice(done);
}

function endOfText(text: string, quote: number): number {
  let end = text.indexOf('"', quote + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

/** Replaces texts that stand for numbers in `value`, which is changed. */
function replaceMarked(value: unknown, revive: Revive): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? revive(value.slice(1)) : value;
  if (typeof value !== 'object' || value === null) return value;
  replaceItems(value, (item) => replaceMarked(item, revive));
  return value;
}

function parseWithReviver(text: string, pattern: RegExp, revive: Revive): unknown {
  const reviver = (_: string, value: unknown, context?: { source?: string }): unknown => {
    const source = typeof value === 'number' ? context?.source : undefined;
    return source !== undefined && `[${source}]`.search(pattern) === 0 ? revive(source) : value;
  };
  return JSON.parse(text, reviver);
}

/** `JSON.parse` for texts that hold objects of the API. Throws a SyntaxError as that does. */
export function parseJson(text: string): unknown {
  return LARGE.test(text) ? parseWith(text, EACH_LARGE, exactNumber) : JSON.parse(text);
}

/** Whether `parseLiterals` may find literals. */
export const hasUnusualNumbers = (text: string): boolean => UNUSUAL.test(text);

/**
 * Like `parseJson`, with a NumberLiteral in place of each number that is not written as a small integer; a text that has
 * more of them than any honest one is spared that.
 */
export function parseLiterals(text: string): unknown {
  let count = 0;
  for (const _ of text.matchAll(EACH_UNUSUAL)) if (++count > MAX_LITERALS) return parseJson(text);
  return parseWith(text, EACH_UNUSUAL, (source) => {
    const isSmall = INTEGER.test(source) && Number.isSafeInteger(Number(source));
    return isSmall ? Number(source) : new NumberLiteral(source);
  });
}

/** A value without literals; parts of it are changed. */
export function withoutLiterals(value: unknown): unknown {
  if (value instanceof NumberLiteral) return exactNumber(value.source);
  if (typeof value === 'object' && value !== null) replaceItems(value, withoutLiterals);
  return value;
}

/** Replaces the members of an object and the items of a list, where `replace` gives others. */
function replaceItems(container: object, replace: (item: unknown) => unknown): void {
  if (Array.isArray(container)) {
    for (let i = 0; i < container.length; i++) container[i] = replace(container[i]);
    return;
  }
  const items = container as Record<string, unknown>;
  for (const key in items) {
    if (!Object.hasOwn(items, key)) continue;
    const before = items[key];
    const after = replace(before);
    if (after !== before) setMember(items, key, after);
  }
}
