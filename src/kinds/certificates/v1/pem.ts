/** The framing of PEM and the outline of PKCS#10, checked without parsing names or keys. */

export interface PemBlock {
  type: string;
  hasHeaders: boolean;
  bytes: Uint8Array;
}

const BLOCK = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t]*\r?\n([\s\S]*?)-----END \1-----[ \t]*(?:\r?\n|$)/g;

/** The blocks of a PEM text, in order; text between them is skipped. Upstream: encoding/pem Decode. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const [, type = '', body = ''] of text.matchAll(BLOCK)) {
    const hasHeaders = body.includes(':');
    const bytes = fromBase64((hasHeaders ? body.slice(body.indexOf('\n\n') + 1) : body).replace(/\s+/g, ''));
    if (bytes) blocks.push({ type, hasHeaders, bytes });
  }
  return blocks;
}

/** Undefined for what is not base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** The text in a field of type bytes. */
export const textOf = (base64: string | null | undefined): string => {
  const bytes = fromBase64(base64 ?? '');
  return bytes ? new TextDecoder().decode(bytes) : '';
};

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const ATTRIBUTES = 0xa0;

interface Element {
  tag: number;
  start: number;
  end: number;
}

/** One DER element at `offset`; undefined when it does not fit before `limit`. */
function element(bytes: Uint8Array, offset: number, limit: number): Element | undefined {
  if (offset + 2 > limit) return undefined;
  const first = bytes[offset + 1]!;
  let length = first;
  let start = offset + 2;
  if (first & 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || start + count > limit) return undefined;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[start + i]!;
    start += count;
  }
  return start + length <= limit ? { tag: bytes[offset]!, start, end: start + length } : undefined;
}

function children(bytes: Uint8Array, parent: Element): Element[] | undefined {
  const list: Element[] = [];
  for (let offset = parent.start; offset < parent.end; ) {
    const child = element(bytes, offset, parent.end);
    if (!child) return undefined;
    list.push(child);
    offset = child.end;
  }
  return list;
}

const hasTags = (elements: readonly Element[] | undefined, tags: readonly number[]): boolean =>
  elements !== undefined && elements.length >= tags.length && tags.every((tag, i) => elements[i]!.tag === tag);

/** Why bytes are not the outline of a certificate request, or of a certificate; undefined when they are. */
export function outlineFault(bytes: Uint8Array, what: 'request' | 'certificate'): string | undefined {
  const outer = element(bytes, 0, bytes.length);
  if (!outer) return 'asn1: syntax error: data truncated';
  if (outer.tag !== SEQUENCE) return "asn1: structure error: tags don't match";
  if (outer.end < bytes.length) return 'asn1: syntax error: trailing data';
  const parts = children(bytes, outer);
  if (!hasTags(parts, [SEQUENCE, SEQUENCE, BIT_STRING])) return 'asn1: structure error: sequence tag mismatch';
  if (what === 'certificate') return undefined;
  const info = children(bytes, parts![0]!);
  if (!hasTags(info, [INTEGER, SEQUENCE, SEQUENCE])) return 'asn1: structure error: sequence tag mismatch';
  if (info!.length > 3 && info![3]!.tag !== ATTRIBUTES) return 'asn1: structure error: sequence tag mismatch';
  const names = children(bytes, info![1]!);
  return names?.every(({ tag }) => tag === SET) ? undefined : 'asn1: structure error: sequence tag mismatch';
}
