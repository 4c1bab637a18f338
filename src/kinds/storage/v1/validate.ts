/** Rules of storage classes. Upstream: pkg/apis/storage/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  invalidError,
  invalidErrors,
  notSupportedError,
  qualifiedName,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { StorageClass } from '../../generated/types/storage-v1.ts';

const RECLAIM = ['Delete', 'Retain'];
const BINDING = ['Immediate', 'WaitForFirstConsumer'];

export function validateStorageClass({
  provisioner,
  parameters,
  reclaimPolicy,
  volumeBindingMode,
}: StorageClass): FieldError[] {
  const errors: FieldError[] = [];
  if (!provisioner) errors.push(requiredError('provisioner'));
  else
    errors.push(...invalidErrors('provisioner', provisioner.toLowerCase(), qualifiedName(provisioner.toLowerCase())));
  if (Object.hasOwn(parameters ?? {}, '')) errors.push(invalidError('parameters', '', 'field can not be empty.'));
  if (reclaimPolicy && !RECLAIM.includes(reclaimPolicy))
    errors.push(notSupportedError('reclaimPolicy', reclaimPolicy, RECLAIM));
  if (!volumeBindingMode) errors.push(requiredError('volumeBindingMode'));
  else if (!BINDING.includes(volumeBindingMode))
    errors.push(notSupportedError('volumeBindingMode', volumeBindingMode, BINDING));
  return errors;
}

/** A class is what volumes were made with, so it stays as it is. */
export function validateStorageClassUpdate(object: StorageClass, old: StorageClass): FieldError[] {
  const errors = validateStorageClass(object);
  for (const field of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'] as const) {
    if (!equalJson(object[field], old[field])) errors.push(invalidError(field, object[field], 'field is immutable'));
  }
  return errors;
}
