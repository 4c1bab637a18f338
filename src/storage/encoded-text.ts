/** The one thing storage does to the text of an object: putting the revision in, and measuring it. */
import { type EncodedObject, MAX_OBJECT_BYTES } from './contract.ts';

/** Text of an object with `revision` where the encoder left room. */
export function withRevision(object: { text: string; revisionAt: number }, revision: number): string {
  return `${object.text.slice(0, object.revisionAt)}${revision}${object.text.slice(object.revisionAt)}`;
}

/** A complete text with another revision in place of its own. */
export function replaceRevision(text: string, revisionAt: number, revision: number): string {
  return `${text.slice(0, revisionAt)}${revision}${text.slice(text.indexOf('"', revisionAt))}`;
}

/** SIZE-1. Counts UTF-8 bytes only where the length in UTF-16 units leaves the answer open. */
export function isTooLarge(object: EncodedObject): boolean {
  const { length } = object.text;
  if (length * 3 <= MAX_OBJECT_BYTES) return false;
  if (length > MAX_OBJECT_BYTES) return true;
  return utf8Length(object.text) > MAX_OBJECT_BYTES;
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Each half of a surrogate pair counts two of the four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}
