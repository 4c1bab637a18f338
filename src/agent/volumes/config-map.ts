import { type FileContent, writeAtomically } from './atomic-writer.ts';
import type { VolumePlugin } from './contract.ts';
import { addObjectFiles } from './object-files.ts';

const DEFAULT_MODE = 0o644;

export const configMapVolume: VolumePlugin = {
  folder: 'kubernetes.io~configmap',
  handles: (volume) => volume.configMap !== undefined,
  references: (volume, namespace) => [{ kind: 'ConfigMap', namespace, name: volume.configMap?.name ?? '' }],
  async setUp({ pod, volume, folder, context }) {
    const { name = '', items, optional = false, defaultMode = DEFAULT_MODE } = volume.configMap ?? {};
    const files = new Map<string, FileContent>();
    const namespace = pod.metadata.namespace ?? '';
    await addObjectFiles(files, { kind: 'ConfigMap', namespace, name, items, optional, defaultMode }, context);
    await writeAtomically(folder, files, { now: context.clock.now(), fsGroup: pod.spec?.securityContext?.fsGroup });
    return { path: folder, readOnly: true };
  },
};
