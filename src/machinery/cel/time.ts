import { CelDuration, CelFault, CelTimestamp } from './values.ts';

const second = 1_000_000_000n;
const minTime = -62135596800n * second;
const maxTime = 253402300800n * second;
const int64Max = 2n ** 63n - 1n;
const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: second,
  m: 60n * second,
  h: 3600n * second,
};

export function timestampOf(nanos: bigint, zone = 0): CelTimestamp {
  if (nanos < minTime || nanos >= maxTime) throw new CelFault('timestamp overflow');
  return new CelTimestamp(nanos, zone);
}

export function durationOf(nanos: bigint): CelDuration {
  if (nanos > int64Max || nanos < -int64Max - 1n) throw new CelFault('duration overflow');
  return new CelDuration(nanos);
}

/** Go's duration syntax (`1h30m`, `-1.5s`); `undefined` where it is none or overflows. */
export function parseDuration(text: string): CelDuration | undefined {
  const signed = /^([+-]?)(.+)$/s.exec(text);
  if (signed === null) return undefined;
  const rest = signed[2] as string;
  if (rest === '0') return new CelDuration(0n);
  let total = 0n;
  let at = 0;
  const part = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;
  while (at < rest.length) {
    part.lastIndex = at;
    const found = part.exec(rest);
    if (found === null || (found[1] === '' && (found[2] ?? '') === '')) return undefined;
    const unit = units[found[3] as string] as bigint;
    total += BigInt(found[1] === '' ? '0' : (found[1] as string)) * unit;
    const fraction = (found[2] ?? '').slice(0, 18);
    if (fraction !== '') total += (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length);
    at += found[0].length;
  }
  const nanos = signed[1] === '-' ? -total : total;
  return nanos > int64Max || nanos < -int64Max - 1n ? undefined : new CelDuration(nanos);
}

const stamp = /^(\d{4})-(\d{2})-(\d{2})T(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:(Z)|([+-])(\d{2}):(\d{2}))$/;

/** RFC 3339 as Go reads it; `undefined` where it is none. */
export function parseTimestamp(text: string): CelTimestamp | undefined {
  const found = stamp.exec(text);
  if (found === null) return undefined;
  const [year, month, day, hour, minute, seconds] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || seconds > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return undefined;
  date.setUTCHours(hour, minute, seconds, 0);
  if (Number(found[10] ?? 0) > 24 || Number(found[11] ?? 0) > 60) return undefined;
  const zone = (found[9] === '-' ? -1 : 1) * (Number(found[10] ?? 0) * 60 + Number(found[11] ?? 0));
  const nanos = BigInt(`${found[7] ?? ''}000000000`.slice(0, 9));
  return timestampOf(BigInt(date.getTime() - zone * 60_000) * 1_000_000n + nanos, zone);
}

/** A date alone (`2026-01-31`), at midnight UTC. */
export function parseDate(text: string): CelTimestamp | undefined {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseTimestamp(`${text}T00:00:00Z`) : undefined;
}

function fraction(nanos: bigint): string {
  const digits = nanos.toString().padStart(9, '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
}

/** RFC 3339 with as many decimals as it takes, in the zone the instant was written with. */
export function formatTimestamp(value: CelTimestamp): string {
  const local = value.nanos + BigInt(value.zone) * 60n * second;
  const nanos = ((local % second) + second) % second;
  const date = new Date(Number((local - nanos) / 1_000_000n));
  const year = date.getUTCFullYear().toString().padStart(4, '0');
  const text = `${year}${date.toISOString().slice(-20, -5)}`;
  if (value.zone === 0) return `${text}${fraction(nanos)}Z`;
  const size = Math.abs(value.zone);
  const zone = `${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
  return `${text}${fraction(nanos)}${value.zone < 0 ? '-' : '+'}${zone}`;
}

/** Seconds with as many decimals as a double needs, and `s`. */
export function formatDuration(value: CelDuration): string {
  const whole = value.nanos / second;
  const seconds = Number(whole) + Number(value.nanos % second) / 1e9;
  const text = seconds.toString();
  return `${text.includes('e') ? seconds.toFixed(9).replace(/0+$/, '') : text}s`;
}

/** What an instant shows on a calendar somewhere. */
export interface CalendarTime {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  /** From 0. */
  readonly dayOfYear: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly milliseconds: number;
}

/** The offset of a time zone at an instant in milliseconds: a name, `UTC` or `+hh:mm`. */
function offsetOf(zone: string, millis: number): number {
  if (zone === '' || zone === 'UTC') return 0;
  const colon = zone.indexOf(':');
  if (colon !== -1) return numericOffset(zone, colon);
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', era: 'short', ...fullDate });
    const parts = Object.fromEntries(format.formatToParts(new Date(millis)).map((part) => [part.type, part.value]));
    const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year);
    const local = new Date(0);
    local.setUTCFullYear(year, Number(parts.month) - 1, Number(parts.day));
    local.setUTCHours(Number(parts.hour), Number(parts.minute), Number(parts.second));
    return local.getTime() - Math.floor(millis / 1000) * 1000;
  } catch {
    throw new CelFault(`unknown time zone ${zone}`);
  }
}

const fullDate = {
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const;

function numericOffset(zone: string, colon: number): number {
  const [hours, minutes] = [zone.slice(0, colon), zone.slice(colon + 1)].map((part) => {
    if (!/^[+-]?\d+$/.test(part)) throw new CelFault(`strconv.Atoi: parsing ${JSON.stringify(part)}: invalid syntax`);
    return Number(part);
  }) as [number, number];
  return (zone.startsWith('-') ? hours * 60 - minutes : hours * 60 + minutes) * 60_000;
}

export function calendar(value: CelTimestamp, zone: string): CalendarTime {
  const millis = Number((value.nanos - (((value.nanos % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n);
  const date = new Date(millis + offsetOf(zone, millis));
  const start = new Date(0);
  start.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth(),
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    dayOfYear: Math.floor((date.getTime() - start.getTime()) / 86_400_000),
    hours: date.getUTCHours(),
    minutes: date.getUTCMinutes(),
    seconds: date.getUTCSeconds(),
    milliseconds: date.getUTCMilliseconds(),
  };
}
