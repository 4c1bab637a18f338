import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/agent/log.ts';
import { type LogRotationOptions, rotateLog } from '../../../src/agent/node/log-rotation.ts';
import type { ContainerRuntime } from '../../../src/agent/runtime/contract.ts';
import { createManualClock } from '../../support/manual-clock.ts';

let folder: string;
let path: string;
let refuses = false;
const clock = createManualClock();
const runtime = {
  async reopenContainerLog() {
    if (refuses) throw new Error('no');
    writeFileSync(path, '');
  },
} as unknown as ContainerRuntime;
const options: LogRotationOptions = { runtime, clock, log: silentLog, signal: new AbortController().signal };

beforeEach(() => {
  refuses = false;
  folder = mkdtempSync(join(tmpdir(), 'kedge-logs-'));
  path = join(folder, '0.log');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a log that outgrew its bound', () => {
  test('is moved, older ones are compressed, and five files stay', async () => {
    for (let round = 0; round < 8; round++) {
      writeFileSync(path, `round ${round}`);
      await rotateLog(path, 'id', options);
      clock.advance(1000);
    }
    const files = readdirSync(folder).sort();
    expect(files).toHaveLength(5);
    expect(await readFile(path, 'utf8')).toBe('');
    expect(await readFile(join(folder, files.at(-1) ?? ''), 'utf8')).toBe('round 7');
    const oldest = files[1] ?? '';
    expect(oldest).toMatch(/^0\.log\.\d{8}-\d{6}\.gz$/);
    expect(gunzipSync(await readFile(join(folder, oldest))).toString()).toBe('round 4');
  });

  test('stays where it is when the runtime cannot reopen it', async () => {
    writeFileSync(path, 'kept');
    refuses = true;
    await expect(rotateLog(path, 'id', options)).rejects.toThrow('no');
    expect(existsSync(path)).toBe(true);
    expect(readdirSync(folder)).toEqual(['0.log']);
  });
});
