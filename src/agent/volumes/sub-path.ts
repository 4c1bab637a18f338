/**
 * Mounts a path inside a volume without letting the volume's content lead elsewhere: the path is resolved, must lie in
 * the volume, is then opened step by step without following links, and what was opened is bound to a place of ours.
 * Upstream: pkg/volume/util/subpath.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { runCommand } from '../node/command.ts';
import { VolumeError } from './contract.ts';
import { mountsBelow } from './tmpfs.ts';

const O_PATH = 0o10000000;
const NO_FOLLOW = O_PATH | constants.O_NOFOLLOW;

/** `target` relative to `base`; throws when it lies outside. */
function inside(base: string, target: string): string[] {
  const path = relative(base, target);
  if (path === '') return [];
  if (path === '..' || path.startsWith(`..${sep}`)) throw new VolumeError('subpath is outside of its volume');
  return path.split(sep);
}

/** The nearest existing ancestor of `path`, resolved, and what is missing below it. */
async function resolveExisting(path: string): Promise<{ real: string; missing: string[] }> {
  const missing: string[] = [];
  for (let current = path; ; current = dirname(current)) {
    try {
      return { real: await realpath(current), missing };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      missing.unshift(current.slice(dirname(current).length).replaceAll('/', ''));
    }
  }
}

/** Takes `from` over: it is closed, or it is the answer. */
async function descend(from: FileHandle, names: readonly string[], create: boolean): Promise<FileHandle> {
  let handle = from;
  try {
    for (const name of names) {
      const path = `/proc/self/fd/${handle.fd}/${name}`;
      if (create) await mkdir(path, { mode: 0o750 }).catch((error) => ignoreExisting(error));
      const next = await open(path, NO_FOLLOW);
      await handle.close();
      handle = next;
      if ((await handle.stat()).isSymbolicLink())
        throw new VolumeError(`subpath component ${name} became a symbolic link`);
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  return handle;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** Binds `subPath` of `volume` to `target`, a place only the agent writes; answers `target`. */
export async function bindSubPath(volume: string, subPath: string, target: string): Promise<string> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) {
    throw new VolumeError(`subPath "${subPath}" must be relative and must not contain ".."`);
  }
  const base = await realpath(volume);
  const { real, missing } = await resolveExisting(join(base, subPath));
  const existing = inside(base, real);
  let handle = await descend(await open(base, NO_FOLLOW), existing, false);
  handle = await descend(handle, missing, true);
  try {
    const isDirectory = (await handle.stat()).isDirectory();
    await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    for (const stale of await mountsBelow(target)) await runCommand('umount', ['-l', stale]);
    if (isDirectory) await mkdir(target, { recursive: true });
    else if ((await stat(target).catch(() => undefined)) === undefined) await writeFile(target, '');
    const source = `/proc/${process.pid}/fd/${handle.fd}`;
    const result = await runCommand('mount', ['--no-canonicalize', '--bind', source, target]);
    if (result.code !== 0) throw new VolumeError(`cannot bind subPath "${subPath}": ${result.stderr.trim()}`);
    return target;
  } finally {
    await handle.close();
  }
}
