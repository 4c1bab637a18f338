/** Writes ASN.1 values in DER, as far as certificates need it. */

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** A value with the given tag byte. */
export function der(tag: number, ...parts: readonly Bytes[]): Bytes {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = [tag, ...lengthBytes(length)];
  const out = new Uint8Array(head.length + length);
  out.set(head);
  let at = head.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export const sequence = (...parts: readonly Bytes[]): Bytes => der(0x30, ...parts);
export const set = (...parts: readonly Bytes[]): Bytes => der(0x31, ...parts);
export const octetString = (content: Bytes): Bytes => der(0x04, content);
export const boolean = (value: boolean): Bytes => der(0x01, bytes(value ? 0xff : 0));
export const utf8String = (text: string): Bytes => der(0x0c, encoder.encode(text) as Bytes);
/** `[number]`, constructed, around its content. */
export const explicit = (number: number, ...parts: readonly Bytes[]): Bytes => der(0xa0 | number, ...parts);
/** `[number]`, primitive, replacing the tag of its content. */
export const implicit = (number: number, content: Bytes): Bytes => der(0x80 | number, content);
export const bytes = (...values: readonly number[]): Bytes => new Uint8Array(values);

/** An unsigned integer from big-endian bytes. */
export function integer(content: Bytes): Bytes {
  let start = 0;
  while (start < content.length - 1 && content[start] === 0) start++;
  const trimmed = content.slice(start);
  return der(0x02, (trimmed[0] ?? 0) & 0x80 ? bytes(0) : bytes(), trimmed);
}

/** A bit string of whole bytes, or of fewer bits when `unused` low bits of the last byte do not count. */
export const bitString = (content: Bytes, unused = 0): Bytes => der(0x03, bytes(unused), content);

/** An object identifier in dotted form. */
export function objectIdentifier(dotted: string): Bytes {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const out = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    out.push(...groups);
  }
  return der(0x06, bytes(...out));
}

/** A time in seconds: UTCTime up to 2049, GeneralizedTime from 2050 on, as X.509 asks. */
export function time(milliseconds: number): Bytes {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '');
  return Number(digits.slice(0, 4)) < 2050
    ? der(0x17, encoder.encode(digits.slice(2)) as Bytes)
    : der(0x18, encoder.encode(digits) as Bytes);
}

/** The content of a PEM block, whatever its label. Throws for text that is no base64. */
export function pemToBytes(pem: string): Bytes {
  const binary = atob(pem.replace(/-----[^-]+-----/g, '').replace(/\s+/g, ''));
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}

export function bytesToPem(label: string, content: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...content));
  return `-----BEGIN ${label}-----\n${(base64.match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`;
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const out: number[] = [];
  for (let left = length; left > 0; left >>>= 8) out.unshift(left & 0xff);
  return [0x80 | out.length, ...out];
}
