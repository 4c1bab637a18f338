import type { DownwardAPIVolumeFile, Pod } from '../../kinds/index.ts';
import type { PodContext } from '../pods/context.ts';
import { podField, resourceField } from '../pods/field-ref.ts';
import { type FileContent, writeAtomically } from './atomic-writer.ts';
import { VolumeError, type VolumePlugin } from './contract.ts';

const DEFAULT_MODE = 0o644;

function textOf(pod: Pod, file: DownwardAPIVolumeFile, context: PodContext): string {
  const node = context.node();
  if (file.fieldRef) {
    const value = podField(pod, file.fieldRef.fieldPath, { hostIPs: node.hostIPs, podIPs: [], nodeName: node.name });
    if (value === undefined) throw new VolumeError(`unsupported fieldPath: ${file.fieldRef.fieldPath}`);
    return value;
  }
  const selector = file.resourceFieldRef;
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const container = all.find((c) => c.name === selector?.containerName);
  const value = container && selector && resourceField(container, selector, node.allocatable);
  if (value === undefined) throw new VolumeError(`cannot resolve the resource field of ${file.path}`);
  return value;
}

/** Adds the files that tell a pod of itself. */
export function addDownwardFiles(
  files: Map<string, FileContent>,
  source: { pod: Pod; items: readonly DownwardAPIVolumeFile[]; defaultMode: number },
  context: PodContext,
): void {
  for (const item of source.items) {
    files.set(item.path, {
      content: Buffer.from(textOf(source.pod, item, context)),
      mode: item.mode ?? source.defaultMode,
    });
  }
}

export const downwardAPIVolume: VolumePlugin = {
  folder: 'kubernetes.io~downward-api',
  handles: (volume) => volume.downwardAPI !== undefined,
  async setUp({ pod, volume, folder, context }) {
    const files = new Map<string, FileContent>();
    const { items = [], defaultMode = DEFAULT_MODE } = volume.downwardAPI ?? {};
    addDownwardFiles(files, { pod, items, defaultMode }, context);
    await writeAtomically(folder, files, { now: context.clock.now(), fsGroup: pod.spec?.securityContext?.fsGroup });
    return { path: folder, readOnly: true };
  },
};
