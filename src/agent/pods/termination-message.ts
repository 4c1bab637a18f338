/** What a container says of its end. Upstream: kuberuntime_container.go getTerminationMessage. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ContainerStatus } from '../runtime/contract.ts';
import { TERMINATION_FILE, TERMINATION_POLICY } from './labels.ts';

const MAX_BYTES = 4096;
const MAX_LOG_BYTES = 2048;
const MAX_LOG_LINES = 80;
/** Runs of one pod whose message is kept; a container has two that count. */
const MAX_KNOWN = 256;

/** The end of a file, at most `limit` bytes; empty when it cannot be read. */
function tail(path: string, limit: number): string {
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const length = Math.min(size, limit);
      const buffer = Buffer.alloc(length);
      readSync(file, buffer, 0, length, size - length);
      return buffer.toString('utf8');
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}

/** Each line of a CRI log is `time stream tag text`. */
function logTail(path: string): string {
  const lines = tail(path, 4 * MAX_LOG_BYTES)
    .split('\n')
    .slice(-MAX_LOG_LINES - 1);
  let text = '';
  for (const line of lines) {
    const match = /^\S+ (?:stdout|stderr) ([FP])\S* (.*)$/s.exec(line);
    if (match) text += match[2] + (match[1] === 'F' ? '\n' : '');
  }
  return text.slice(-MAX_LOG_BYTES);
}

/** Read once per run that ended: the answers are kept. */
export class TerminationMessages {
  readonly #known = new Map<string, string>();

  of(run: ContainerStatus): string {
    let text = this.#known.get(run.id);
    if (text !== undefined) return text;
    const file = run.annotations[TERMINATION_FILE];
    text = file === undefined ? '' : tail(file, MAX_BYTES);
    const fallback = run.annotations[TERMINATION_POLICY] === 'FallbackToLogsOnError' && run.exitCode !== 0;
    if (text === '' && fallback) text = logTail(run.logPath);
    this.#known.set(run.id, text);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return text;
  }
}
