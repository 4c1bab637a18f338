/** What one kind of volume is to the pod machinery. Add a kind: one file here and one line in `index.ts`. */
import type { Pod, Volume } from '../../kinds/index.ts';
import type { ObjectReference, PodContext } from '../pods/context.ts';

/** A volume cannot be mounted; `message` is fit for the FailedMount event. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

export interface VolumeRequest {
  pod: Pod;
  volume: Volume;
  /** The volume's own folder on the host; its parent exists. */
  folder: string;
  context: PodContext;
}

export interface MountedVolume {
  /** Path on the host that containers mount. */
  path: string;
  /** Containers mount it read-only whatever they say. */
  readOnly?: boolean;
  /** When `setUp` should run again (milliseconds since the epoch). */
  refreshAt?: number;
}

export interface VolumePlugin {
  /** Folder name below the pod's `volumes/`, as kubelet has it. */
  readonly folder: string;
  handles(volume: Volume): boolean;
  /** Objects whose change calls for another `setUp`. */
  references?(volume: Volume, namespace: string): ObjectReference[];
  /** Makes or refreshes the volume; calling it again changes nothing that is right already. Throws VolumeError. */
  setUp(request: VolumeRequest): Promise<MountedVolume>;
}
