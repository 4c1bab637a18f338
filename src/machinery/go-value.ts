/** JSON values as Go prints them. Upstream: fmt, strconv. */
import { quote } from './quote.ts';

type JsonMap = Readonly<Record<string, unknown>>;

const isMap = (value: unknown): value is JsonMap => typeof value === 'object' && value !== null;

const sortedEntries = (map: JsonMap): [string, unknown][] =>
  Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** `%v`. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (isMap(value))
    return `map[${sortedEntries(value)
      .map(([name, item]) => `${name}:${goText(item)}`)
      .join(' ')}]`;
  return typeof value === 'number' ? goNumber(value) : String(value);
}

/** `%s`, which complains of whatever is no text. */
export function goStringVerb(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return `[${value.map(goStringVerb).join(' ')}]`;
  if (isMap(value))
    return `map[${sortedEntries(value)
      .map(([name, item]) => `${name}:${goStringVerb(item)}`)
      .join(' ')}]`;
  return typeof value === 'string' ? value : `%!s(${goTypeOf(value)}=${goText(value)})`;
}

/** `%#v`. */
export function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isMap(value)) {
    const members = sortedEntries(value).map(([name, item]) => `${quote(name)}:${goSyntax(item)}`);
    return `map[string]interface {}{${members.join(', ')}}`;
  }
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : goFloat(value, 21);
  return typeof value === 'string' ? quote(value) : String(value);
}

/** `%T`. */
export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (isMap(value)) return 'map[string]interface {}';
  if (typeof value === 'bigint') return 'int64';
  if (typeof value === 'number') return isInt64(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

/** Whether JSON's integers, which JavaScript cannot tell from other numbers, would hold the value. */
export const isInt64 = (value: number): boolean => Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;

/** A number as `%v` prints a float64 of Go; integers below 2^63 are taken for int64. */
export function goNumber(value: number): string {
  if (isInt64(value)) return BigInt(value).toString();
  return goFloat(value);
}

/** A float64 as `%v` prints it: with an exponent below 1e-4 and from `large` powers of ten on. */
export function goFloat(value: number, large = 6): string {
  if (Object.is(value, -0)) return '-0';
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const [mantissa = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < large) return plainDigits(value);
  const sign = power < 0 ? '-' : '+';
  return `${mantissa}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** Digits without an exponent. Upstream: strconv.FormatFloat 'f'. */
function plainDigits(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  const [mantissa = '', exponent = '0'] = text.split('e');
  const negative = mantissa.startsWith('-');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const power = Number(exponent);
  const digits =
    power < 0
      ? `0.${'0'.repeat(-power - whole.length)}${whole}${fraction}`
      : `${whole}${fraction}${'0'.repeat(power - fraction.length)}`;
  return negative ? `-${digits}` : digits;
}
