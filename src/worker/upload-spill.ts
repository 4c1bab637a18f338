/**
 * Messages of clients that send faster than their node reads. The runtime holds no client's socket back, so what does
 * not fit into memory waits in the object's storage, in order, until the node grants credit.
 */
import type { MuxStream } from '../base/mux/index.ts';

/** What may wait in memory for one stream. */
const MEMORY_BYTES = 4 * 1024 * 1024;
/** What may wait in storage for one stream. */
const STORAGE_BYTES = 2 * 1024 * 1024 * 1024;
/** What is read back at a time. */
const BATCH_ROWS = 64;
/** Values in storage end at 2 MB. */
const ROW_BYTES = 1_900_000;

export interface UploadSpill {
  /** Sends `message` on `stream` now or later; false when more waits already than may. */
  send(stream: MuxStream, message: string | Uint8Array): boolean;
  /** Resolves when everything taken for the stream is sent, or the stream is over. */
  drained(stream: MuxStream): Promise<void>;
}

interface Waiting {
  bytes: number;
  done: Promise<void>;
}

/** The spill of one object; its table is made on first use and holds nothing that outlives the object's memory. */
export function createUploadSpill(sql: SqlStorage): UploadSpill {
  const waiting = new Map<number, Waiting>();
  let ready = false;
  const store = (id: number, message: string | Uint8Array) => {
    if (!ready) {
      sql.exec('DROP TABLE IF EXISTS spill');
      sql.exec('CREATE TABLE spill (seq INTEGER PRIMARY KEY AUTOINCREMENT, stream INTEGER NOT NULL, data NOT NULL)');
      ready = true;
    }
    sql.exec('INSERT INTO spill (stream, data) VALUES (?, ?)', id, message);
  };
  const take = (id: number): (string | ArrayBuffer)[] => {
    const rows = sql
      .exec<{ seq: number; data: string | ArrayBuffer }>(
        'SELECT seq, data FROM spill WHERE stream = ? ORDER BY seq LIMIT ?',
        id,
        BATCH_ROWS,
      )
      .toArray();
    const last = rows.at(-1);
    if (last) sql.exec('DELETE FROM spill WHERE stream = ? AND seq <= ?', id, last.seq);
    return rows.map((row) => row.data);
  };
  const drain = async (stream: MuxStream) => {
    for (;;) {
      await stream.writable();
      const batch = stream.over ? [] : take(stream.id);
      if (batch.length === 0) break;
      for (const data of batch) stream.send(typeof data === 'string' ? data : new Uint8Array(data));
    }
    if (stream.over) sql.exec('DELETE FROM spill WHERE stream = ?', stream.id);
    waiting.delete(stream.id);
  };
  return {
    send(stream, message) {
      const size = typeof message === 'string' ? message.length * 3 : message.byteLength;
      const spilled = waiting.get(stream.id);
      // A message too long for a row passes only while nothing waits before it.
      if (!spilled && (stream.queued + size <= MEMORY_BYTES || size > ROW_BYTES)) {
        stream.send(message);
        return stream.queued <= MEMORY_BYTES + size;
      }
      if (size > ROW_BYTES || (spilled?.bytes ?? 0) + size > STORAGE_BYTES) return false;
      store(stream.id, message);
      if (spilled) spilled.bytes += size;
      else waiting.set(stream.id, { bytes: size, done: drain(stream) });
      return true;
    },
    async drained(stream) {
      await (waiting.get(stream.id)?.done ?? stream.writable());
    },
  };
}
