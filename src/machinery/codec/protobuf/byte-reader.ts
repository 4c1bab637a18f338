/** Reads protobuf's wire format from bytes that may be hostile. */

/** The bytes are no valid message of the expected type. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

const decoder = new TextDecoder();
const unexpectedEnd = (): ProtobufError => new ProtobufError('unexpected EOF');

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#at = 0;
    this.#end = bytes.length;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** An unsigned number; above 2^53 it loses precision, as any JSON number would. */
  varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      if (this.#at >= this.#end) throw unexpectedEnd();
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    throw new ProtobufError('proto: integer overflow');
  }

  /** A signed number in two's complement of 64 bits; a bigint beyond 2^53. */
  integer(): number | bigint {
    const start = this.#at;
    const value = this.varint();
    if (Number.isSafeInteger(value)) return value;
    let exact = 0n;
    for (let i = this.#at - 1; i >= start; i--) exact = (exact << 7n) | BigInt((this.#bytes[i] as number) & 127);
    const signed = BigInt.asIntN(64, exact);
    const near = Number(signed);
    return Number.isSafeInteger(near) ? near : signed;
  }

  double(): number {
    const at = this.#take(8);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, 8).getFloat64(0, true);
  }

  bytes(): Uint8Array {
    const length = this.varint();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(): string {
    const length = this.varint();
    const at = this.#take(length);
    if (length < 24) {
      let out = '';
      let i = at;
      for (; i < at + length; i++) {
        const code = this.#bytes[i] as number;
        if (code > 127) break;
        out += String.fromCharCode(code);
      }
      if (i === at + length) return out;
    }
    return decoder.decode(this.#bytes.subarray(at, at + length));
  }

  /** Confines reading to the message that starts here; `leave` with what this returns goes back. */
  enter(): number {
    const length = this.varint();
    const at = this.#take(length);
    this.#at = at;
    const outer = this.#end;
    this.#end = at + length;
    return outer;
  }

  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  /** Passes over a value of a field that is not known. */
  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.#take(8);
    else if (wireType === BYTES) this.#take(this.varint());
    else if (wireType === FIXED32) this.#take(4);
    else throw new ProtobufError(`proto: illegal wireType ${wireType}`);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw unexpectedEnd();
    this.#at = at + length;
    return at;
  }
}
