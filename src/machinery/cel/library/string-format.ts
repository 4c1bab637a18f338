import { quote } from '../../quote.ts';
import { toText } from '../convert.ts';
import { compareText, find, keysOf, runtimeType } from '../operators.ts';
import { asDouble, CelDuration, CelFault, CelTimestamp, CelTypeValue, CelUint, isInt, isMap } from '../values.ts';
import { spend } from '../work.ts';

const defaultPrecision = 6;

export type Verb = 's' | 'd' | 'f' | 'e' | 'b' | 'x' | 'X' | 'o';

/** One `%` clause of a format text. */
export interface Clause {
  readonly verb: Verb;
  readonly precision: number | undefined;
}

/** A format text cannot be read or used; the message is upstream's. */
export class FormatFault extends Error {
  override readonly name = 'FormatFault';
}

/** What fills the clauses of a format text. */
export interface Filling {
  /** Called before the clause is read, so that upstream's order of complaints holds. */
  request(index: number): void;
  readonly count: number;
  render(clause: Clause, index: number): string;
}

/** Upstream: ext/formatting.go parseFormatString */
export function fillFormat(text: string, filling: Filling): string {
  let result = '';
  let next = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '%') {
      result += text[at];
    } else if (text[at + 1] === '%') {
      result += '%';
      at++;
    } else {
      filling.request(next);
      if (at + 1 >= text.length) throw new FormatFault('unexpected end of string');
      if (next >= filling.count) throw new FormatFault(`index ${next} out of range`);
      const [clause, width] = clauseAt(text.slice(at + 1));
      const filled = filling.render(clause, next++);
      spend(filled.length + 1);
      result += filled;
      at += width;
    }
  }
  return result;
}

function clauseAt(text: string): readonly [Clause, number] {
  let at = 0;
  let precision: number | undefined;
  const unread = 'could not parse formatting clause';
  if (text[0] === '.') {
    const digits = (/^\.(\d*)/.exec(text) as RegExpExecArray)[1] as string;
    const why = digits.length + 1 >= text.length ? 'could not find end of precision specifier' : '';
    const empty =
      digits === '' ? 'error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax' : '';
    if (why !== '' || empty !== '') throw new FormatFault(`${unread}: error while parsing precision: ${why || empty}`);
    precision = Number(digits);
    at = digits.length + 1;
  }
  const verb = text[at] as string;
  if (!'sdfebxXo'.includes(verb)) throw new FormatFault(`${unread}: unrecognized formatting clause "${verb}"`);
  return [{ verb: verb as Verb, precision }, at + 1];
}

const wanted: Readonly<Record<Verb, string>> = {
  s: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  d: 'decimal clause can only be used on integers',
  f: 'fixed-point clause can only be used on doubles',
  e: 'scientific clause can only be used on doubles',
  b: 'only integers and bools can be formatted as binary',
  x: 'only integers, byte buffers, and strings can be formatted as hex',
  X: 'only integers, byte buffers, and strings can be formatted as hex',
  o: 'octal clause can only be used on integers',
};

/** The text for a clause that a type does not fit. */
export function clauseMismatch(verb: Verb, typeName: string): string {
  return `error during formatting: ${wanted[verb]}, was given ${typeName}`;
}

function refused(verb: Verb, value: unknown): CelFault {
  return new CelFault(clauseMismatch(verb, runtimeType(value).name));
}

function plainFloat(value: number, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return value.toFixed(Math.min(precision, 100));
}

/** A value inside a list or map, as a literal would write it. */
function nested(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (value instanceof Uint8Array) return `b${quote(toText(value))}`;
  if (value === null) return 'null';
  if (value instanceof CelTimestamp) return `timestamp(${quote(toText(value))})`;
  if (value instanceof CelDuration) return `duration(${quote(toText(value))})`;
  const double = asDouble(value);
  if (double !== undefined)
    return Number.isFinite(double) ? plainFloat(double, defaultPrecision) : `"${plainFloat(double, 0)}"`;
  if (typeof value === 'boolean' || isInt(value) || value instanceof CelUint) return toText(value);
  if (Array.isArray(value) || isMap(value)) return aggregate(value);
  if (value instanceof CelTypeValue) return value.name;
  throw new CelFault(`no formatting function for ${runtimeType(value).name}`);
}

function key(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'boolean' || isInt(value) || value instanceof CelUint) return toText(value);
  throw new CelFault(`no formatting function for map key of type ${runtimeType(value).name}`);
}

function aggregate(value: unknown): string {
  if (Array.isArray(value)) {
    spend(value.length);
    return `[${value.map(nested).join(', ')}]`;
  }
  if (!isMap(value)) throw refused('s', value);
  const pairs = keysOf(value).map((one) => [key(one), nested(find(value, one))] as const);
  pairs.sort(([a], [b]) => compareText(a, b));
  return `{${pairs.map(([name, inner]) => `${name}:${inner}`).join(', ')}}`;
}

function string(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof CelTypeValue) return value.name;
  if (Array.isArray(value) || isMap(value)) return aggregate(value);
  try {
    return toText(value);
  } catch {
    throw refused('s', value);
  }
}

const named: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity };

function float(verb: 'f' | 'e', value: unknown, precision = defaultPrecision): string {
  const double = typeof value === 'string' && Object.hasOwn(named, value) ? named[value] : asDouble(value);
  if (double === undefined) throw refused(verb, value);
  const special = Number.isNaN(double) ? 'NaN' : double > 0 ? '∞' : '-∞';
  if (verb === 'f') return Number.isFinite(double) ? grouped(plainFloat(double, precision)) : special;
  return (Number.isFinite(double) ? scientific(double) : special).padStart(precision);
}

/** Upstream prints in the manner of American English, with commas between thousands. */
function grouped(text: string): string {
  const [whole, fraction] = text.split('.') as [string, string | undefined];
  const separated = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? separated : `${separated}.${fraction}`;
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Upstream takes the precision for a width, so that there are always six decimals. */
function scientific(value: number): string {
  const [digits, exponent] = value.toExponential(defaultPrecision).split('e') as [string, string];
  const size = String(Math.abs(Number(exponent))).padStart(2, '0');
  const raised = [...size].map((digit) => superscripts[Number(digit)]).join('');
  return `${digits}×10${exponent.startsWith('-') ? '⁻' : ''}${raised}`;
}

function radix(value: unknown, base: number): string | undefined {
  if (isInt(value)) return value.toString(base);
  return value instanceof CelUint ? value.value.toString(base) : undefined;
}

function hex(value: unknown, verb: 'x' | 'X'): string {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  const text =
    bytes instanceof Uint8Array
      ? [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      : radix(value, 16);
  if (text === undefined) throw refused(verb, value);
  return verb === 'X' ? text.toUpperCase() : text;
}

function clauseText({ verb, precision }: Clause, value: unknown): string {
  switch (verb) {
    case 's':
      return string(value);
    case 'd': {
      const text = radix(value, 10);
      if (text === undefined) throw refused(verb, value);
      return text;
    }
    case 'f':
    case 'e':
      return float(verb, value, precision);
    case 'b':
    case 'o': {
      if (verb === 'b' && typeof value === 'boolean') return value ? '1' : '0';
      const text = radix(value, verb === 'b' ? 2 : 8);
      if (text === undefined) throw refused(verb, value);
      return text;
    }
    case 'x':
    case 'X':
      return hex(value, verb);
  }
}

/** `text.format(args)` */
export function formatText(text: string, args: readonly unknown[]): string {
  const request = (index: number) => {
    if (index >= args.length) throw new FormatFault(`index ${index} out of range`);
  };
  try {
    return fillFormat(text, {
      request,
      count: args.length,
      render: (clause, index) => clauseText(clause, args[index]),
    });
  } catch (error) {
    throw error instanceof FormatFault ? new CelFault(error.message) : error;
  }
}
