import { storageClassCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { StorageClass } from '../../generated/types/storage-v1.ts';
import { validateStorageClass, validateStorageClassUpdate } from './validate.ts';

export const storageClasses = defineKind<StorageClass>('storage.k8s.io/v1/storageclasses', {
  cached: true,
  defaults(object) {
    object.reclaimPolicy ??= 'Delete';
    object.volumeBindingMode ??= 'Immediate';
  },
  cells: storageClassCells,
  strategy: { validateCreate: validateStorageClass, validateUpdate: validateStorageClassUpdate },
});
