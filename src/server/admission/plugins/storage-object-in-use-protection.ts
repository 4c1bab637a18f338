/** Claims and volumes are kept while they are used. Upstream: plugin/pkg/admission/storage/storageobjectinuseprotection. */
import type { AdmissionPlugin } from '../../contract.ts';

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
  'volumeattributesclasses.storage.k8s.io': 'kubernetes.io/vac-protection',
};

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  handles: ({ kind, operation, subresource }) =>
    operation === 'CREATE' && subresource === '' && kind.storedAs in FINALIZERS,
  admit({ kind, object }) {
    const finalizer = FINALIZERS[kind.storedAs];
    if (!object || finalizer === undefined || object.metadata.finalizers?.includes(finalizer)) return;
    object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
  },
};
