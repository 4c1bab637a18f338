import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runCommand } from '../node/command.ts';
import { VolumeError } from './contract.ts';

/** Whether another file system is mounted at `path`. */
export async function isMountPoint(path: string): Promise<boolean> {
  try {
    const [self, parent] = await Promise.all([stat(path), stat(dirname(path))]);
    return self.dev !== parent.dev;
  } catch {
    return false;
  }
}

/** Mounts a tmpfs unless one is there; `size` in bytes. */
export async function mountTmpfs(path: string, size?: number): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  if (await isMountPoint(path)) return;
  const options = size === undefined ? [] : ['-o', `size=${size}`];
  const result = await runCommand('mount', ['-t', 'tmpfs', ...options, 'tmpfs', path]);
  if (result.code !== 0) throw new VolumeError(`mount failed: ${result.stderr.trim()}`);
}

/** Mount points below `folder`, deepest first; finds bind mounts of the same device too. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const paths = lines.map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '));
  return paths.filter((path) => path === folder || path.startsWith(`${folder}/`)).sort((a, b) => b.length - a.length);
}
