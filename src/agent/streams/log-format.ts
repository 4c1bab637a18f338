/** The log files of containers: `TIME stdout|stderr P|F TEXT` per line. Upstream: kuberuntime/logs, parseCRILog. */

export interface LogEntry {
  /** As written: RFC 3339 with nanoseconds. */
  time: string;
  stream: 'stdout' | 'stderr';
  /** False for a part of a longer line, which the next entry of the stream goes on with. */
  complete: boolean;
  text: Buffer;
}

const SPACE = 0x20;
const NEWLINE = 0x0a;

/** One line without its newline; undefined when it has another form. */
export function parseLogLine(line: Buffer): LogEntry | undefined {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  if (first < 0 || second < 0) return undefined;
  const third = line.indexOf(SPACE, second + 1);
  const stream = line.toString('latin1', first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const tags = line.toString('latin1', second + 1, third < 0 ? line.length : third);
  const complete = tags.split(':')[0] !== 'P';
  return {
    time: line.toString('latin1', 0, first),
    stream,
    complete,
    text: third < 0 ? Buffer.alloc(0) : line.subarray(third + 1),
  };
}

export interface LogSelection {
  stream?: 'stdout' | 'stderr';
  /** Entries before this moment are left out; milliseconds since the epoch. */
  since?: number;
  timestamps: boolean;
  /** No more bytes than this are given. */
  limitBytes?: number;
}

export interface LogWriter {
  /** What a reader sees of the lines in `chunk`; a line without its end waits for the next chunk. */
  write(chunk: Buffer): Buffer;
  /** True when the byte limit is reached. */
  readonly full: boolean;
}

/** Turns the raw file into what a client of the log sees. */
export function createLogWriter(selection: LogSelection): LogWriter {
  let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  let left = selection.limitBytes ?? Number.POSITIVE_INFINITY;
  let atLineStart = true;
  const render = (entry: LogEntry): Buffer[] => {
    if (selection.stream && entry.stream !== selection.stream) return [];
    if (selection.since !== undefined && Date.parse(entry.time) < selection.since) return [];
    const out: Buffer[] = selection.timestamps && atLineStart ? [Buffer.from(`${entry.time} `)] : [];
    out.push(entry.text);
    if (entry.complete) out.push(Buffer.from([NEWLINE]));
    atLineStart = entry.complete;
    return out;
  };
  return {
    write(chunk) {
      const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const out: Buffer[] = [];
      let at = 0;
      for (let end = data.indexOf(NEWLINE, at); end >= 0; end = data.indexOf(NEWLINE, at)) {
        const entry = parseLogLine(data.subarray(at, end));
        if (entry) out.push(...render(entry));
        at = end + 1;
      }
      rest = Buffer.from(data.subarray(at));
      const whole = Buffer.concat(out);
      const given = whole.length > left ? whole.subarray(0, left) : whole;
      left -= given.length;
      return given;
    },
    get full() {
      return left <= 0;
    },
  };
}
