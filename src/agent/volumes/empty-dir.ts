import { chmod, mkdir } from 'node:fs/promises';
import { parseQuantity } from '../../machinery/quantity.ts';
import { VolumeError, type VolumePlugin } from './contract.ts';
import { giveToGroup } from './ownership.ts';
import { isMountPoint, mountTmpfs } from './tmpfs.ts';

export const emptyDirVolume: VolumePlugin = {
  folder: 'kubernetes.io~empty-dir',
  handles: (volume) => volume.emptyDir !== undefined,
  async setUp({ pod, volume, folder }) {
    const { medium = '', sizeLimit } = volume.emptyDir ?? {};
    if (medium !== '' && medium !== 'Memory')
      throw new VolumeError(`storage medium "${medium}" is not supported by this node`);
    const known = await mkdir(folder, { recursive: true });
    const made = known !== undefined || (medium === 'Memory' && !(await isMountPoint(folder)));
    if (medium === 'Memory')
      await mountTmpfs(folder, sizeLimit === undefined ? undefined : parseQuantity(sizeLimit).value());
    if (!made) return { path: folder };
    await chmod(folder, 0o777);
    const fsGroup = pod.spec?.securityContext?.fsGroup;
    if (fsGroup !== undefined) await giveToGroup(folder, fsGroup, true);
    return { path: folder };
  },
};
