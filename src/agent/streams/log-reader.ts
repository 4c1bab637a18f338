/** Reads a container's log file: from an offset, and on as it grows and is rotated away. */
import { watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { createLogWriter, type LogSelection } from './log-format.ts';

export interface LogReadOptions extends LogSelection {
  /** Only the last lines of the file. */
  tailLines?: number;
  /** Goes on until `running` says false. */
  follow: boolean;
  /** Whether the container still writes. */
  running(): Promise<boolean>;
  signal: AbortSignal;
}

const BLOCK = 64 * 1024;
/** Changes are watched; this is how often the end of the container is looked for. */
const POLL_MS = 500;

/** What a client sees of the log, in pieces. Throws when the file cannot be opened. */
export async function* readLog(path: string, options: LogReadOptions): AsyncGenerator<Uint8Array> {
  const writer = createLogWriter(options);
  let file = await open(path, 'r');
  const changes = options.follow ? watchFolder(path, options.signal) : undefined;
  try {
    let offset = await tailOffset(file, options.tailLines);
    while (!options.signal.aborted && !writer.full) {
      // Asked before reading: what is written before the end is then in the file already.
      const alive = options.follow && (await options.running());
      for (;;) {
        const block = Buffer.allocUnsafe(BLOCK);
        const { bytesRead } = await file.read(block, 0, BLOCK, offset);
        if (bytesRead === 0) break;
        offset += bytesRead;
        const out = writer.write(block.subarray(0, bytesRead));
        if (out.length > 0) yield out;
        if (writer.full || options.signal.aborted) return;
      }
      const next = await rotated(path, file);
      if (next) {
        await file.close();
        file = next;
        offset = 0;
      } else if (!alive) {
        return;
      } else {
        await changes?.next();
      }
    }
  } finally {
    changes?.stop();
    await file.close();
  }
}

/** The file that stands at `path` now, when it is another one than `file` or was cut short. */
async function rotated(path: string, file: FileHandle): Promise<FileHandle | undefined> {
  const [now, before] = [await open(path, 'r').catch(() => undefined), await file.stat()];
  if (!now) return undefined;
  if ((await now.stat()).ino !== before.ino) return now;
  await now.close();
  return undefined;
}

/** Where the last `lines` lines of the file begin. */
async function tailOffset(file: FileHandle, lines: number | undefined): Promise<number> {
  const { size } = await file.stat();
  if (lines === undefined) return 0;
  if (lines <= 0) return size;
  let found = 0;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const block = Buffer.alloc(end - start);
    await file.read(block, 0, block.length, start);
    for (let at = block.length - 1; at >= 0; at--) {
      // The newline that ends the file ends the last line; it does not begin another.
      if (block[at] !== 0x0a || start + at === size - 1) continue;
      if (++found === lines) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

interface Changes {
  /** Resolves at the next change of the file, or after a while, or when the reader goes away. */
  next(): Promise<void>;
  stop(): void;
}

function watchFolder(path: string, signal: AbortSignal): Changes {
  let wake = () => {};
  let changed = false;
  const notice = () => {
    changed = true;
    wake();
  };
  const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
    if (name === null || name === basename(path)) notice();
  });
  watcher.on('error', () => {});
  signal.addEventListener('abort', notice, { once: true });
  return {
    async next() {
      if (!changed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, POLL_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      changed = false;
    },
    stop() {
      signal.removeEventListener('abort', notice);
      watcher.close();
    },
  };
}
