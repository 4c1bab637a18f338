/**
 * The numbers of JSON that JavaScript's own would change. Integers beyond 2^53 are bigints in every object of the API,
 * whatever its type says, and print their digits; all others are numbers. Only a text that has such an integer pays for
 * it: others are told apart by one look at the text.
 */

/** What V8 and TypeScript's library do not agree on yet. Upstream: TC39 JSON.parse source text access. */
const rawJson = (JSON as unknown as { rawJSON?: (text: string) => unknown }).rawJSON;

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
/** Large integers, and numbers that are not written as integers. */
const UNUSUAL = /(?:^|[:[,])\s*-?(?:\d{16}|\d+[.eE])/;
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

type Revive = (source: string, value: number) => unknown;

function parseWith(text: string, revive: Revive): unknown {
  const reviver = (_: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined ? revive(context.source, value) : value;
  return JSON.parse(text, reviver);
}

/** `JSON.parse` for texts that hold objects of the API. Throws a SyntaxError as that does. */
export function parseJson(text: string): unknown {
  return LARGE.test(text) ? parseWith(text, exactNumber) : JSON.parse(text);
}

/** Whether `parseLiterals` may find literals. */
export const hasUnusualNumbers = (text: string): boolean => UNUSUAL.test(text);

/** Like `parseJson`, with a NumberLiteral in place of each number that is not written as a small integer. */
export function parseLiterals(text: string): unknown {
  return parseWith(text, (source, value) =>
    Number.isSafeInteger(value) && INTEGER.test(source) ? value : new NumberLiteral(source),
  );
}

/** A value without literals; parts of it are changed. */
export function withoutLiterals(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof NumberLiteral) return exactNumber(value.source);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = withoutLiterals(value[i]);
    return value;
  }
  const members = value as Record<string, unknown>;
  for (const key in members) {
    const item = members[key];
    if (typeof item === 'object' && Object.hasOwn(members, key)) setOwn(members, key, withoutLiterals(item));
  }
  return value;
}

function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
