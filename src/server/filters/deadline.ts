/** The time that a client gives its request. Upstream: endpoints/filters/request_deadline.go. */
import { quote } from '../../machinery/quote.ts';
import { badRequest } from '../../machinery/status.ts';
import { isLongRunning } from '../metrics.ts';
import type { RequestScope } from '../scope.ts';

const UNITS = new Set(['ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h']);

/** Throws 400 where the `timeout` of a request that ends by itself is no duration as Go writes them. */
export function checkTimeout(scope: RequestScope): void {
  const text = scope.query.get('timeout') ?? '';
  if (text === '' || isLongRunning(scope)) return;
  const why = durationFault(text);
  if (why !== undefined) throw badRequest(`invalid timeout specified in the request URL - time: ${why}`);
}

/** What Go's time.ParseDuration has against a text, in its words; undefined for a duration. */
export function durationFault(text: string): string | undefined {
  const whole = quote(text);
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return undefined;
  if (rest === '') return `invalid duration ${whole}`;
  while (rest !== '') {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) return `invalid duration ${whole}`;
    const unit = /^[^.\d]*/.exec(rest.slice(number.length))?.[0] ?? '';
    if (unit === '') return `missing unit in duration ${whole}`;
    if (!UNITS.has(unit)) return `unknown unit ${quote(unit)} in duration ${whole}`;
    rest = rest.slice(number.length + unit.length);
  }
  return undefined;
}
