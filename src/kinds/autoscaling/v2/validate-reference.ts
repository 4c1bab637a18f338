import type { FieldError } from '../../../machinery/status.ts';
import { invalidError, invalidErrors, pathSegment, requiredError } from '../../../machinery/validation/index.ts';
import type { CrossVersionObjectReference } from '../../generated/types/autoscaling-v2.ts';

/** The one kind of the core group that can be scaled. */
const CORE_SCALABLE = 'ReplicationController';

/** `needsGroup`: only some kinds of the core group will do. Upstream: ValidateCrossVersionObjectReference. */
export function validateReference(ref: CrossVersionObjectReference, path: string, needsGroup: boolean): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['kind', 'name'] as const) {
    if (!ref[field]) errors.push(requiredError(`${path}.${field}`));
    else errors.push(...invalidErrors(`${path}.${field}`, ref[field], pathSegment(ref[field])));
  }
  const apiVersion = ref.apiVersion ?? '';
  if (apiVersion.split('/').length > 2)
    errors.push(invalidError(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else if (needsGroup && !apiVersion.includes('/') && ref.kind !== CORE_SCALABLE)
    errors.push(invalidError(`${path}.apiVersion`, apiVersion, 'apiVersion must specify API group'));
  return errors;
}
