import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockCluster } from '../../src/emulator/cluster-lock.ts';
import { processStart } from '../../src/emulator/cluster-state.ts';

describe.skipIf(process.platform !== 'linux')('the lock of a cluster', () => {
  let folder: string;
  let file: string;
  let other: ChildProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kedge-lock-'));
    file = join(folder, 'cluster.lock');
  });
  afterEach(() => {
    other?.kill('SIGKILL');
    other = undefined;
    rmSync(folder, { recursive: true });
  });
  const heldBy = (pid: number, started: string) => writeFileSync(file, JSON.stringify({ pid, started }));

  it('is had once, and again after it was freed', () => {
    const first = lockCluster(file);
    expect(first).toHaveProperty('release');
    expect(lockCluster(file)).toEqual({ holder: process.pid });
    if ('release' in first) first.release();
    expect(existsSync(file)).toBe(false);
    expect(lockCluster(file)).toHaveProperty('release');
    expect(readdirSync(folder)).toEqual(['cluster.lock']);
  });

  it('is refused while its holder runs', () => {
    other = spawn('sleep', ['100']);
    const pid = other.pid as number;
    heldBy(pid, processStart(pid));
    expect(lockCluster(file)).toEqual({ holder: pid });
  });

  it('is taken from a dead process, from another that has its number now, and from a torn file', () => {
    heldBy(4_194_000, '1');
    expect(lockCluster(file)).toHaveProperty('release');
    other = spawn('sleep', ['100']);
    heldBy(other.pid as number, '1');
    expect(lockCluster(file)).toHaveProperty('release');
    writeFileSync(file, '{"pid":');
    expect(lockCluster(file)).toHaveProperty('release');
    expect(readdirSync(folder)).toEqual(['cluster.lock']);
  });
});
