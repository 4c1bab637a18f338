/** The kinds of volumes this node can mount. */
import type { Volume } from '../../kinds/index.ts';
import { configMapVolume } from './config-map.ts';
import type { VolumePlugin } from './contract.ts';
import { downwardAPIVolume } from './downward-api.ts';
import { emptyDirVolume } from './empty-dir.ts';
import { hostPathVolume } from './host-path.ts';
import { projectedVolume } from './projected.ts';
import { secretVolume } from './secret.ts';

export { type MountedVolume, VolumeError, type VolumePlugin, type VolumeRequest } from './contract.ts';

const volumePlugins: readonly VolumePlugin[] = [
  emptyDirVolume,
  configMapVolume,
  secretVolume,
  downwardAPIVolume,
  projectedVolume,
  hostPathVolume,
];

export const pluginFor = (volume: Volume): VolumePlugin | undefined =>
  volumePlugins.find((plugin) => plugin.handles(volume));
