/**
 * Files that change all at once: they live in a dated folder, `..data` is a link to it, and each name is a link through
 * `..data`; one rename switches them all. Upstream: pkg/volume/util/atomic_writer.go.
 */
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { VolumeError } from './contract.ts';
import { giveToGroup } from './ownership.ts';

export interface FileContent {
  content: Uint8Array;
  mode: number;
  uid?: number;
}

/** By path relative to the volume. */
export type Payload = ReadonlyMap<string, FileContent>;

const DATA = '..data';
const NEW_DATA = '..data_tmp';

function checkPath(path: string): void {
  const parts = path.split('/');
  if (
    path === '' ||
    path.startsWith('/') ||
    parts.some((part) => part === '..') ||
    path.startsWith('..') ||
    path.length > 4096
  ) {
    throw new VolumeError(`invalid path "${path}": must be relative, without "..", and not start with ".."`);
  }
}

/** Whether files were once written there, and still are. */
export const holdsFiles = (folder: string): Promise<boolean> =>
  stat(join(folder, DATA)).then(
    () => true,
    () => false,
  );

async function isCurrent(folder: string, payload: Payload): Promise<boolean> {
  try {
    const target = await readlink(join(folder, DATA));
    let files = 0;
    for (const entry of await readdir(join(folder, target), { recursive: true, withFileTypes: true })) {
      if (!entry.isDirectory()) files++;
    }
    if (files !== payload.size) return false;
    for (const [path, file] of payload) {
      const full = join(folder, target, path);
      const [bytes, info] = await Promise.all([readFile(full), stat(full)]);
      if (!bytes.equals(file.content) || ((info.mode & 0o777) | 0o440) !== (file.mode | 0o440)) return false;
    }
    return true;
  } catch {
    return false;
  }
}

const stamp = (ms: number): string =>
  `..${new Date(ms)
    .toISOString()
    .replaceAll(/[-:TZ]/g, '_')
    .replaceAll('.', '_')}.`;

/** Makes `folder` hold exactly `payload`. Answers whether anything changed. */
export async function writeAtomically(
  folder: string,
  payload: Payload,
  options: { now: number; fsGroup?: number | undefined },
): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await chmod(folder, 0o777);
  if (await isCurrent(folder, payload)) return false;
  const dated = await mkdtemp(join(folder, stamp(options.now)));
  await chmod(dated, 0o755);
  for (const [path, file] of payload) {
    const full = join(dated, path);
    await mkdir(dirname(full), { recursive: true, mode: 0o755 });
    await writeFile(full, file.content);
    await chmod(full, file.mode);
    if (file.uid !== undefined) await chown(full, file.uid, -1);
  }
  if (options.fsGroup !== undefined) await giveToGroup(dated, options.fsGroup, false);
  const old = await readlink(join(folder, DATA)).catch(() => undefined);
  await rm(join(folder, NEW_DATA), { force: true });
  await symlink(dated.slice(folder.length + 1), join(folder, NEW_DATA));
  await rename(join(folder, NEW_DATA), join(folder, DATA));
  await showNames(folder, payload);
  if (old !== undefined) await rm(join(folder, old), { recursive: true, force: true });
  return true;
}

/** The visible links: made for new names, removed for names that are gone. */
async function showNames(folder: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? ''));
  for (const name of await readdir(folder)) {
    if (name.startsWith('..')) continue;
    if (!wanted.delete(name)) await rm(join(folder, name), { force: true, recursive: true });
  }
  for (const name of wanted) await symlink(join(DATA, name), join(folder, name));
}
