/** Reads the subject of a PKCS#10 certificate request. */
import { pemToBytes } from '../../base/der.ts';

interface Element {
  tag: number;
  /** Offsets of the content. */
  start: number;
  end: number;
}

const ORGANIZATION = [0x55, 0x04, 0x0a];

/** The organizations of the subject of a PEM request; undefined when it cannot be read. */
export function organizationsOf(pem: string): string[] | undefined {
  try {
    const bytes = pemToBytes(pem);
    const info = child(bytes, read(bytes, 0), 0);
    const subject = child(bytes, info, 1);
    const names: string[] = [];
    for (const set of children(bytes, subject)) {
      for (const attribute of children(bytes, set)) {
        const [type, value] = children(bytes, attribute);
        if (
          type &&
          value &&
          ORGANIZATION.every((byte, i) => bytes[type.start + i] === byte) &&
          type.end - type.start === 3
        ) {
          names.push(new TextDecoder().decode(bytes.subarray(value.start, value.end)));
        }
      }
    }
    return names;
  } catch {
    return undefined;
  }
}

function read(bytes: Uint8Array, at: number): Element {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new RangeError('truncated');
  let length = first;
  let start = at + 2;
  if (first & 0x80) {
    length = 0;
    for (let i = 0; i < (first & 0x7f); i++) length = length * 256 + (bytes[start++] ?? 0);
  }
  if (start + length > bytes.length) throw new RangeError('truncated');
  return { tag, start, end: start + length };
}

function children(bytes: Uint8Array, { start, end }: Element): Element[] {
  const out: Element[] = [];
  for (let at = start; at < end; ) {
    const element = read(bytes, at);
    out.push(element);
    at = element.end;
  }
  return out;
}

function child(bytes: Uint8Array, parent: Element, index: number): Element {
  const found = children(bytes, parent)[index];
  if (!found) throw new RangeError('missing');
  return found;
}
