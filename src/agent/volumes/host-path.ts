import type { Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { VolumeError, type VolumePlugin } from './contract.ts';

const CHECKS: Record<string, { is(info: Stats): boolean; text: string }> = {
  Directory: { is: (info) => info.isDirectory(), text: 'a directory' },
  File: { is: (info) => info.isFile(), text: 'a file' },
  Socket: { is: (info) => info.isSocket(), text: 'a socket file' },
  CharDevice: { is: (info) => info.isCharacterDevice(), text: 'a character device' },
  BlockDevice: { is: (info) => info.isBlockDevice(), text: 'a block device' },
};

export const hostPathVolume: VolumePlugin = {
  folder: 'kubernetes.io~host-path',
  handles: (volume) => volume.hostPath !== undefined,
  async setUp({ volume }) {
    const { path = '', type = '' } = volume.hostPath ?? {};
    if (path.split('/').includes('..')) throw new VolumeError(`hostPath "${path}" must not contain ".."`);
    let info = await stat(path).catch(() => undefined);
    if (info === undefined && type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 });
    if (info === undefined && type === 'FileOrCreate') await (await open(path, 'a', 0o644)).close();
    if (info === undefined && type === '') await mkdir(path, { recursive: true, mode: 0o755 });
    info ??= await stat(path).catch(() => undefined);
    const check = CHECKS[type.replace('OrCreate', '')];
    if (check !== undefined && (info === undefined || !check.is(info))) {
      throw new VolumeError(`hostPath type check failed: ${path} is not ${check.text}`);
    }
    return { path };
  },
};
