/** The body of an answer that was sent as stored text. */

export interface AuditBody {
  json?: string;
  tooLarge?: boolean;
}

/** Reads a copy of an answer; stops after `limit` bytes, so that no more than that is held back for it. */
export async function readAnswer(copy: Response, limit: number): Promise<AuditBody> {
  if (copy.headers.get('content-type') !== 'application/json' || copy.body === null) {
    await copy.body?.cancel();
    return {};
  }
  const zipped = copy.headers.get('content-encoding') === 'gzip';
  const plain = zipped
    ? copy.body.pipeThrough(new DecompressionStream('gzip') as ReadableWritablePair<Uint8Array, Uint8Array>)
    : copy.body;
  const json = await readUpTo(plain, limit);
  return json === undefined ? { tooLarge: true } : { json: json.trim() };
}

async function readUpTo(body: ReadableStream<Uint8Array>, limit: number): Promise<string | undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let size = 0;
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > limit) {
      await reader.cancel();
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}
