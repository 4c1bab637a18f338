import { type CelDouble, type CelUint, doubleOf, intOf, uintOf } from './values.ts';

const simple: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
  '?': '?',
};
const escapes =
  /\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/g;

/** What could not be read of a literal; the message is upstream's. */
export class LiteralError extends Error {
  override readonly name = 'LiteralError';
}

/** The inside of a quoted literal and whether it is raw. Quotes are known to match. */
function inside(token: string): { readonly body: string; readonly raw: boolean } {
  const text = token.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const raw = text[0] === 'r' || text[0] === 'R';
  const quoted = raw ? text.slice(1) : text;
  const width = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''")) ? 3 : 1;
  return { body: quoted.slice(width, -width), raw };
}

/** Upstream: parser/unescape.go */
export function stringLiteral(token: string): string {
  const { body, raw } = inside(token);
  if (raw || !body.includes('\\')) return body;
  return body.replace(escapes, (_all, x, bigX, u, bigU, octal, other) => {
    const digits = x ?? bigX ?? u ?? bigU;
    if (digits === undefined && octal === undefined) return simple[other] ?? other;
    const code = digits === undefined ? Number.parseInt(octal, 8) : Number.parseInt(digits, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new LiteralError('invalid unicode code point');
    return String.fromCodePoint(code);
  });
}

/** Bytes of `b'…'`: text as UTF-8, `\x` and octal escapes as single bytes. */
export function bytesLiteral(token: string): Uint8Array {
  const { body, raw } = inside(token.slice(1));
  const encoder = new TextEncoder();
  if (raw || !body.includes('\\')) return encoder.encode(body);
  const bytes: number[] = [];
  let last = 0;
  for (const found of body.matchAll(escapes)) {
    bytes.push(...encoder.encode(body.slice(last, found.index)));
    last = found.index + found[0].length;
    const [, x, bigX, u, bigU, octal, other] = found;
    if (u !== undefined || bigU !== undefined) throw new LiteralError('unable to unescape string');
    const digits = x ?? bigX;
    if (digits !== undefined) bytes.push(Number.parseInt(digits, 16));
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(...encoder.encode(simple[other as string] ?? other));
  }
  bytes.push(...encoder.encode(body.slice(last)));
  return Uint8Array.from(bytes);
}

export function intLiteral(digits: string, negative: boolean): number | bigint {
  const magnitude = BigInt(digits);
  const value = intOf(negative ? -magnitude : magnitude);
  if (value === undefined) throw new LiteralError('invalid int literal');
  return value;
}

export function uintLiteral(token: string): CelUint {
  const value = uintOf(BigInt(token.slice(0, -1)));
  if (value === undefined) throw new LiteralError('invalid uint literal');
  return value;
}

export function doubleLiteral(token: string, negative: boolean): number | CelDouble {
  const value = Number(token);
  if (!Number.isFinite(value)) throw new LiteralError('invalid double literal');
  return doubleOf(negative ? -value : value);
}
