/** Bytes that grow as they are written. One writer is used again and again, so that encoding allocates once. */

const encoder = new TextEncoder();

export class ByteWriter {
  #bytes = new Uint8Array(16 * 1024);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  /** A copy of what was written from `from` on. */
  slice(from = 0): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(from, this.length);
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  /** An unsigned number below 2^53. */
  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.length++] = rest;
  }

  /** A signed number, negative ones as the ten bytes of their two's complement. */
  integer(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) {
      this.varint(value);
      return;
    }
    this.#reserve(10);
    let rest = BigInt.asUintN(64, typeof value === 'bigint' ? value : BigInt(Math.trunc(value)));
    while (rest > 127n) {
      this.#bytes[this.length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.#bytes[this.length++] = Number(rest);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Length and bytes of a text. */
  text(value: string): void {
    this.#reserve(value.length * 3 + 10);
    const { length } = value;
    // Nearly all texts are short and ASCII: then bytes are characters and the length is known before.
    if (length < 128) {
      const start = this.length + 1;
      let i = 0;
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code > 127) break;
        this.#bytes[start + i] = code;
      }
      if (i === length) {
        this.#bytes[this.length] = length;
        this.length = start + length;
        return;
      }
    }
    const bytes = encoder.encode(value);
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** Starts a part whose length stands before it; `close` with what this returns ends it. */
  open(): number {
    this.#reserve(1);
    return ++this.length;
  }

  close(start: number): void {
    const size = this.length - start;
    let prefix = 1;
    for (let rest = size; rest > 127; rest = Math.floor(rest / 128)) prefix++;
    if (prefix > 1) {
      this.#reserve(prefix);
      this.#bytes.copyWithin(start + prefix - 1, start, this.length);
    }
    const end = this.length + prefix - 1;
    this.length = start - 1;
    this.varint(size);
    this.length = end;
  }
}
