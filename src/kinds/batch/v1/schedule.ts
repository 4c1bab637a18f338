/** Why a schedule cannot be understood, in the words of its parser. Upstream: robfig/cron ParseStandard. */
import { quote } from '../../../machinery/quote.ts';

interface Bounds {
  low: number;
  high: number;
  names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Bounds[] = [
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: MONTHS },
  { low: 0, high: 6, names: DAYS },
];
const MACROS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const EVERY = '@every ';
const DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

class ScheduleError extends Error {}

/** Undefined for a schedule that can be understood. */
export function scheduleError(schedule: string): string | undefined {
  if (schedule.startsWith('@')) return macroError(schedule);
  const fields = schedule.split(/\s+/).filter((field) => field !== '');
  if (fields.length !== FIELDS.length)
    return `expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`;
  try {
    for (const [index, field] of fields.entries())
      for (const part of field.split(',')) if (part !== '') checkRange(part, FIELDS[index] as Bounds);
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
  return undefined;
}

function macroError(schedule: string): string | undefined {
  if (MACROS.has(schedule)) return undefined;
  if (!schedule.startsWith(EVERY)) return `unrecognized descriptor: ${schedule}`;
  const text = schedule.slice(EVERY.length);
  if (DURATION.test(text)) return undefined;
  return `failed to parse duration ${schedule}: time: invalid duration ${quote(text)}`;
}

function checkRange(part: string, { low, high, names = [] }: Bounds): void {
  const [range = '', step, ...steps] = part.split('/');
  const [first = '', last, ...more] = range.split('-');
  const isAny = first === '*' || first === '?';
  const start = isAny ? low : numberOf(first, low, names);
  let end = isAny ? high : start;
  if (!isAny && more.length > 0) throw new ScheduleError(`too many hyphens: ${part}`);
  if (!isAny && last !== undefined) end = numberOf(last, low, names);
  if (steps.length > 0) throw new ScheduleError(`too many slashes: ${part}`);
  const by = step === undefined ? 1 : numberOf(step, 0, []);
  // A number with a step goes on to the end.
  if (step !== undefined && last === undefined) end = high;
  if (start < low) throw new ScheduleError(`beginning of range (${start}) below minimum (${low}): ${part}`);
  if (end > high) throw new ScheduleError(`end of range (${end}) above maximum (${high}): ${part}`);
  if (start > end) throw new ScheduleError(`beginning of range (${start}) beyond end of range (${end}): ${part}`);
  if (by === 0) throw new ScheduleError(`step of range should be a positive number: ${part}`);
}

/** A number, or a name, the first of which stands for `low`. */
function numberOf(text: string, low: number, names: readonly string[]): number {
  const name = names.indexOf(text.toLowerCase());
  if (name >= 0) return low + name;
  const cause = `failed to parse int from ${text}: strconv.Atoi: parsing ${quote(text)}`;
  if (!/^[+-]?\d+$/.test(text)) throw new ScheduleError(`${cause}: invalid syntax`);
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new ScheduleError(`${cause}: value out of range`);
  if (number < 0) throw new ScheduleError(`negative number (${number}) not allowed: ${text}`);
  return number;
}
