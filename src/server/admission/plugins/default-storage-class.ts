/** Claims that name no class get the default one. Upstream: plugin/pkg/admission/storage/storageclass/setdefault. */
import type { PersistentVolumeClaim, StorageClass } from '../../../kinds/index.ts';
import type { AdmissionPlugin } from '../../contract.ts';
import { newestDefault } from '../default-object.ts';

const CLASSES = 'storageclasses.storage.k8s.io';
const MARKS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  handles: ({ kind, operation, subresource }) =>
    kind.storedAs === 'persistentvolumeclaims' && operation === 'CREATE' && subresource === '',
  admit(request, { config }) {
    const claim = request.object as PersistentVolumeClaim;
    claim.spec ??= {};
    if (typeof claim.spec.storageClassName === 'string' || claim.metadata.annotations?.[BETA_CLASS] !== undefined)
      return;
    const found = config.derive('admission/default-storage-class', [CLASSES], (snapshot) =>
      newestDefault(snapshot.list<StorageClass>(CLASSES), MARKS),
    );
    if (found?.metadata.name) claim.spec.storageClassName = found.metadata.name;
  },
};
