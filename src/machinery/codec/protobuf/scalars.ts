/** The wire forms of single values: numbers and texts, and the small messages Kubernetes wraps some of them in. */
import { BYTES, type ByteReader, FIXED64, ProtobufError, VARINT } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/** How values of one wire type are written and read. Values are those of the JSON form. */
export interface WireValue {
  readonly wireType: number;
  write(value: unknown, out: ByteWriter): void;
  read(from: ByteReader): unknown;
  /** What Go writes where JSON has nothing; undefined where it writes nothing. */
  readonly zero: unknown;
  /** Go leaves the value of a map's entry out when it is null. */
  readonly absentWhenNull?: true;
}

const text = new TextEncoder();
const fromText = new TextDecoder();

const number = (value: unknown): number => (typeof value === 'number' ? value : Number(value ?? 0));
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value);

const integer: WireValue = {
  wireType: VARINT,
  write: (value, out) => out.integer(typeof value === 'bigint' ? value : number(value)),
  read: (from) => from.integer(),
  zero: 0,
};

/** A message whose fields `read` sees one by one. */
function message(write: (value: unknown, out: ByteWriter) => void, read: (from: ByteReader) => unknown): WireValue {
  return {
    wireType: BYTES,
    write(value, out) {
      const start = out.open();
      write(value, out);
      out.close(start);
    },
    read(from) {
      const outer = from.enter();
      const value = read(from);
      from.leave(outer);
      return value;
    },
    zero: null,
  };
}

/** Reads the numbered fields of a small message into a list; what is not a number or bytes is passed over. */
function fieldsOf(from: ByteReader): (number | Uint8Array | undefined)[] {
  const fields: (number | Uint8Array | undefined)[] = [];
  while (!from.done) {
    const tag = from.varint();
    const index = Math.floor(tag / 8);
    if (index < 1 || index > 8) from.skip(tag % 8);
    else if (tag % 8 === VARINT) fields[index] = Number(from.integer());
    else if (tag % 8 === BYTES) fields[index] = from.bytes();
    else from.skip(tag % 8);
  }
  return fields;
}

const asNumber = (value: number | Uint8Array | undefined): number => (typeof value === 'number' ? value : 0);
const asText = (value: number | Uint8Array | undefined): string =>
  value instanceof Uint8Array ? fromText.decode(value) : '';

function timeMessage(digits: 0 | 6): WireValue {
  return message(
    (value, out) => {
      if (typeof value !== 'string' || value === '') return;
      const ms = Date.parse(value);
      if (Number.isNaN(ms)) return;
      const seconds = Math.floor(ms / 1000);
      const fraction = /\.(\d{1,9})/.exec(value)?.[1] ?? '';
      out.varint(8);
      out.integer(seconds);
      out.varint(16);
      out.integer(digits === 0 ? 0 : Number(fraction.slice(0, 6).padEnd(6, '0')) * 1000);
    },
    (from) => {
      const fields = fieldsOf(from);
      if (fields[1] === undefined && fields[2] === undefined) return null;
      const seconds = asNumber(fields[1]);
      const date = new Date(seconds * 1000);
      if (Number.isNaN(date.getTime())) throw new ProtobufError('time out of range');
      const whole = date.toISOString().slice(0, 19);
      if (digits === 0) return `${whole}Z`;
      return `${whole}.${String(Math.floor(asNumber(fields[2]) / 1000)).padStart(6, '0')}Z`;
    },
  );
}

/** JSON kept as bytes in field 1. */
const jsonBytes = message(
  (value, out) => {
    if (value === undefined || value === null) return;
    out.varint(10);
    const bytes = text.encode(JSON.stringify(value));
    out.varint(bytes.length);
    out.raw(bytes);
  },
  (from) => {
    const raw = fieldsOf(from)[1];
    if (!(raw instanceof Uint8Array) || raw.length === 0) return null;
    try {
      return JSON.parse(fromText.decode(raw));
    } catch {
      throw new ProtobufError('raw bytes are not JSON');
    }
  },
);

const NANOSECONDS: Readonly<Record<string, number>> = { h: 3.6e12, m: 6e10, s: 1e9, ms: 1e6, us: 1e3, µs: 1e3, ns: 1 };

/** Nanoseconds of a Go duration such as `1m30s`. */
function nanosecondsOf(duration: string): number {
  const sign = duration.startsWith('-') ? -1 : 1;
  let sum = 0;
  for (const [, amount, unit] of duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)/g))
    sum += Number(amount) * (NANOSECONDS[unit as string] as number);
  return Math.round(sign * sum);
}

/** A Go duration of nanoseconds, as Duration.String writes it. */
function durationOf(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  const sign = nanoseconds < 0 ? '-' : '';
  const total = Math.abs(nanoseconds);
  if (total < 1e3) return `${sign}${total}ns`;
  if (total < 1e6) return `${sign}${total / 1e3}µs`;
  if (total < 1e9) return `${sign}${total / 1e6}ms`;
  const hours = Math.floor(total / 3.6e12);
  const minutes = Math.floor((total % 3.6e12) / 6e10);
  const seconds = (total % 6e10) / 1e9;
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}

/** Base64 without spreading large arrays over the stack. */
function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

function fromBase64(value: string): Uint8Array {
  const binary = atob(value);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** A text in field 1. */
const quantity = message(
  (value, out) => {
    out.varint(10);
    out.text(value === undefined || value === null ? '0' : textOf(value));
  },
  (from) => asText(fieldsOf(from)[1]) || '0',
);

const intOrString = message(
  (value, out) => {
    const isText = typeof value === 'string';
    out.varint(8);
    out.integer(isText ? 1 : 0);
    out.varint(16);
    out.integer(isText ? 0 : number(value));
    out.varint(26);
    out.text(isText ? value : '');
  },
  (from) => {
    const fields = fieldsOf(from);
    return asNumber(fields[1]) === 1 ? asText(fields[3]) : asNumber(fields[2]);
  },
);

/** By the wire type's name in the type facts. */
export const WIRE_VALUES: ReadonlyMap<string, WireValue> = new Map<string, WireValue>([
  [
    'string',
    { wireType: BYTES, write: (value, out) => out.text(textOf(value)), read: (from) => from.text(), zero: '' },
  ],
  [
    'bool',
    {
      wireType: VARINT,
      write: (value, out) => out.varint(value === true ? 1 : 0),
      read: (from) => from.varint() !== 0,
      zero: false,
    },
  ],
  ['int32', integer],
  ['int64', integer],
  [
    'double',
    { wireType: FIXED64, write: (value, out) => out.double(number(value)), read: (from) => from.double(), zero: 0 },
  ],
  [
    'bytes',
    {
      wireType: BYTES,
      write(value, out) {
        const bytes = fromBase64(textOf(value));
        out.varint(bytes.length);
        out.raw(bytes);
      },
      read: (from) => toBase64(from.bytes()),
      zero: undefined,
      absentWhenNull: true,
    },
  ],
  ['meta/v1.Time', timeMessage(0)],
  ['meta/v1.MicroTime', timeMessage(6)],
  [
    'meta/v1.Duration',
    message(
      (value, out) => {
        out.varint(8);
        out.integer(nanosecondsOf(textOf(value)));
      },
      (from) => durationOf(asNumber(fieldsOf(from)[1])),
    ),
  ],
  ['meta/v1.FieldsV1', jsonBytes],
  ['runtime.RawExtension', jsonBytes],
  ['apiextensions.k8s.io/v1.JSON', jsonBytes],
  ['resource.Quantity', quantity],
  ['intstr.IntOrString', intOrString],
]);
