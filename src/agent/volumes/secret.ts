import { type FileContent, writeAtomically } from './atomic-writer.ts';
import type { VolumePlugin } from './contract.ts';
import { addObjectFiles } from './object-files.ts';
import { mountTmpfs } from './tmpfs.ts';

const DEFAULT_MODE = 0o644;

/** Secrets never reach a disk: their folder is a tmpfs. */
export const secretVolume: VolumePlugin = {
  folder: 'kubernetes.io~secret',
  handles: (volume) => volume.secret !== undefined,
  references: (volume, namespace) => [{ kind: 'Secret', namespace, name: volume.secret?.secretName ?? '' }],
  async setUp({ pod, volume, folder, context }) {
    const { secretName: name = '', items, optional = false, defaultMode = DEFAULT_MODE } = volume.secret ?? {};
    const files = new Map<string, FileContent>();
    const namespace = pod.metadata.namespace ?? '';
    await addObjectFiles(files, { kind: 'Secret', namespace, name, items, optional, defaultMode }, context);
    await mountTmpfs(folder);
    await writeAtomically(folder, files, { now: context.clock.now(), fsGroup: pod.spec?.securityContext?.fsGroup });
    return { path: folder, readOnly: true };
  },
};
