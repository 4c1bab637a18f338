import { csiDriverCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { CSIDriver } from '../../generated/types/storage-v1.ts';

export const csiDrivers = defineKind<CSIDriver>('storage.k8s.io/v1/csidrivers', {
  defaults({ spec }) {
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    spec.volumeLifecycleModes ??= ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  cells: csiDriverCells,
});
