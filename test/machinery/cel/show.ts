import { toText } from '../../../src/machinery/cel/convert.ts';
import {
  CelDouble,
  CelDuration,
  CelHostValue,
  CelOptional,
  CelTimestamp,
  CelTypeValue,
  CelUint,
} from '../../../src/machinery/cel/values.ts';

function double(value: number): string {
  if (Number.isNaN(value)) return 'double("NaN")';
  if (!Number.isFinite(value)) return value > 0 ? 'double("Infinity")' : 'double("-Infinity")';
  const text = value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 });
  return text.includes('.') ? text : `${text}.0`;
}

function object(value: object): string {
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (value instanceof CelDouble) return double(value.value);
  if (value instanceof CelUint) return `${value.value}u`;
  if (value instanceof Uint8Array) {
    return `b"${[...value].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}"`;
  }
  if (value instanceof CelTimestamp) return `timestamp("${toText(new CelTimestamp(value.nanos))}")`;
  if (value instanceof CelDuration) return `duration("${toText(value)}")`;
  if (value instanceof CelTypeValue) return value.name;
  if (value instanceof CelOptional) return value.present ? `optional.of(${show(value.value)})` : 'optional.none()';
  if (value instanceof CelHostValue) return value.type.name;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return `{${entries.map(([key, inner]) => `${show(key)}: ${show(inner)}`).join(', ')}}`;
}

/** A value as upstream's `types.Format` writes it; values of libraries by their type. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && !Number.isInteger(value)) return double(value);
  return typeof value === 'object' && value !== null ? object(value) : String(value);
}
