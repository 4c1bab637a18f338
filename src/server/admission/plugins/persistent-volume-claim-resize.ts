/** Claims grow only where their class allows it. Upstream: plugin/pkg/admission/storage/persistentvolume/resize. */

import { type PersistentVolumeClaim, type StorageClass, storageClassOf } from '../../../kinds/index.ts';
import { parseQuantity } from '../../../machinery/quantity.ts';
import type { AdmissionPlugin } from '../../contract.ts';
import { findObject, refusal } from '../requests.ts';

export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  handles: ({ kind, operation, subresource }) =>
    kind.storedAs === 'persistentvolumeclaims' && operation === 'UPDATE' && subresource === '',
  async validate(request, context) {
    const claim = request.object as PersistentVolumeClaim;
    const old = request.oldObject as PersistentVolumeClaim;
    const [before, after] = [sizeOf(old), sizeOf(claim)];
    // A claim that is not bound is refused by validation, with a better reason.
    if (after.compare(before) <= 0 || old.status?.phase !== 'Bound') return;
    const name = storageClassOf(claim);
    const found =
      name !== '' && name === storageClassOf(old)
        ? await findObject<StorageClass>(context, { resource: 'storageclasses.storage.k8s.io', namespace: '', name })
        : undefined;
    if (found?.allowVolumeExpansion === true) return;
    throw refusal(
      request,
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
  },
};

const sizeOf = (claim: PersistentVolumeClaim) => parseQuantity(claim.spec?.resources?.requests?.storage ?? '0');
