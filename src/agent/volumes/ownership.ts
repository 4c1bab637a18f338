import { chmod, chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const SETGID = 0o2000;

/**
 * Gives a tree to the pod's fsGroup: group access for reading (and writing), new files inherit the group.
 * Upstream: pkg/volume/volume_linux.go SetVolumeOwnership.
 */
export async function giveToGroup(path: string, gid: number, writable: boolean): Promise<void> {
  const info = await lstat(path);
  if (info.isSymbolicLink()) return;
  await chown(path, info.uid, gid);
  let mode = (info.mode & 0o7777) | (writable ? 0o660 : 0o440);
  if (info.isDirectory()) mode |= SETGID | 0o110;
  await chmod(path, mode);
  if (!info.isDirectory()) return;
  for (const entry of await readdir(path)) await giveToGroup(join(path, entry), gid, writable);
}
