/** Whole numbers in texts. Upstream: strconv. */

const INT64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const MOST_UINT64 = 2n ** 64n - 1n;

/** Whether digits, with or without a minus, are a number of 64 bits. */
export function isInt64(digits: string): boolean {
  if (!/^-?\d+$/.test(digits)) return false;
  const value = BigInt(digits);
  return value >= INT64.least && value <= INT64.most;
}

/** What Go's ParseInt has against a text; undefined for a number of 64 bits. */
export function intFault(text: string): string | undefined {
  if (!/^[-+]?\d+$/.test(text)) return 'invalid syntax';
  return isInt64(text.replace(/^\+/, '')) ? undefined : 'value out of range';
}

/** What Go's ParseUint has against a text; undefined for a number of 64 bits. */
export function uintFault(text: string): string | undefined {
  if (!/^\d+$/.test(text)) return 'invalid syntax';
  return BigInt(text) <= MOST_UINT64 ? undefined : 'value out of range';
}
