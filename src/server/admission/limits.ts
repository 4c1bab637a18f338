/** One entry of a LimitRange against what something asks for. */
import type { Amounts, LimitRangeItem } from '../../kinds/index.ts';
import { parseQuantity, type Quantity } from '../../machinery/quantity.ts';

export interface Measured {
  requests: Amounts;
  /** Undefined for what has requests only. */
  limits?: Amounts;
}

/** A message for each bound that is broken, by resource name. */
export function limitErrors(item: LimitRangeItem, measured: Measured): string[] {
  const check = (bounds: Record<string, string> | undefined, test: typeof minimum): string[] =>
    Object.keys(bounds ?? {})
      .sort()
      .flatMap(
        (name) => test({ type: item.type ?? '', name, bound: parseQuantity(bounds?.[name] as string) }, measured) ?? [],
      );
  return [...check(item.min, minimum), ...check(item.max, maximum), ...check(item.maxLimitRequestRatio, ratio)];
}

interface Bound {
  type: string;
  name: string;
  bound: Quantity;
}

function minimum({ type, name, bound }: Bound, { requests, limits }: Measured): string | undefined {
  const text = `minimum ${name} usage per ${type} is ${bound}`;
  const request = requests.get(name);
  if (!request) return `${text}.  No request is specified`;
  if (request.compare(bound) < 0) return `${text}, but request is ${request}`;
  const limit = limits?.get(name);
  return limit && limit.compare(bound) < 0 ? `${text}, but limit is ${limit}` : undefined;
}

function maximum({ type, name, bound }: Bound, { requests, limits }: Measured): string | undefined {
  const text = `maximum ${name} usage per ${type} is ${bound}`;
  const request = requests.get(name);
  if (limits) {
    const limit = limits.get(name);
    if (!limit) return `${text}.  No limit is specified`;
    if (limit.compare(bound) > 0) return `${text}, but limit is ${limit}`;
  } else if (!request) return `${text}.  No request is specified`;
  return request && request.compare(bound) > 0 ? `${text}, but request is ${request}` : undefined;
}

function ratio({ type, name, bound }: Bound, { requests, limits }: Measured): string | undefined {
  const text = `${name} max limit to request ratio per ${type} is ${bound}`;
  const request = requests.get(name);
  const limit = limits?.get(name);
  if (!request || request.isZero) return `${text}, but no request is specified or request is 0`;
  if (!limit || limit.isZero) return `${text}, but no limit is specified or limit is 0`;
  const observed = limit.toNumber() / request.toNumber();
  return observed > bound.toNumber() ? `${text}, but provided ratio is ${observed.toFixed(6)}` : undefined;
}
