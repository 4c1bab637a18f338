import { defineKind } from '../../define-kind.ts';
import type { CSIStorageCapacity } from '../../generated/types/storage-v1.ts';
import { validateCapacity, validateCapacityUpdate } from './validate-csi.ts';

export const csiStorageCapacities = defineKind<CSIStorageCapacity>('storage.k8s.io/v1/csistoragecapacities', {
  strategy: { validateCreate: validateCapacity, validateUpdate: validateCapacityUpdate },
});
