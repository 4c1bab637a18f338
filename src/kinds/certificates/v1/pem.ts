/** The framing of PEM and the outline of PKCS#10, checked without parsing names or keys. */

export interface PemBlock {
  type: string;
  hasHeaders: boolean;
  bytes: Uint8Array;
}

const BEGIN = '\n-----BEGIN ';
const END = '\n-----END ';
const DASHES = '-----';

/**
 * The blocks of a PEM text, in order; text between them is skipped, and so is a block that another begins or ends in.
 * Upstream: encoding/pem Decode.
 */
export function pemBlocks(text: string): PemBlock[] {
  const source = `\n${text}`;
  const blocks: PemBlock[] = [];
  for (let at = source.indexOf(BEGIN); at >= 0; ) {
    const head = lineAt(source, at + BEGIN.length);
    const body = skipHeaders(source, head.next);
    // The line that ends an empty block may follow the first one at once.
    const end = source.indexOf(END, body === head.next ? body - 1 : body);
    if (end < 0) break;
    const tail = lineAt(source, end + END.length);
    let next = head.next - 1;
    if (head.line.endsWith(DASHES) && tail.line === head.line) {
      const bytes = fromBase64(source.slice(body, Math.max(body, end)).replace(/[ \t\r\n]+/g, ''));
      if (bytes) {
        blocks.push({ type: head.line.slice(0, -DASHES.length), hasHeaders: body > head.next, bytes });
        next = tail.next - 1;
      }
    }
    at = source.indexOf(BEGIN, next);
  }
  return blocks;
}

/** A line without white space at its end, and where the one after it starts. */
function lineAt(text: string, start: number): { line: string; next: number } {
  const end = text.indexOf('\n', start);
  return end < 0
    ? { line: text.slice(start).trimEnd(), next: text.length + 1 }
    : { line: text.slice(start, end).trimEnd(), next: end + 1 };
}

/** Where the first line without a colon starts. */
function skipHeaders(text: string, start: number): number {
  for (let at = start; at < text.length; ) {
    const { line, next } = lineAt(text, at);
    if (!line.includes(':')) return at;
    at = next;
  }
  return text.length;
}

/** Undefined for what is not base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  let raw: string;
  try {
    raw = atob(text);
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
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
