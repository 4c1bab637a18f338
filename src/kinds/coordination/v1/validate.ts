import type { FieldError } from '../../../machinery/status.ts';
import { invalidError } from '../../../machinery/validation/index.ts';
import type { Lease } from '../../generated/types/coordination-v1.ts';
import { nonNegative } from '../../numbers.ts';

/** Upstream: coordination/validation ValidateLeaseSpec. */
export function validateLease({ spec }: Lease): FieldError[] {
  const seconds = spec.leaseDurationSeconds;
  const errors: FieldError[] =
    seconds !== undefined && seconds <= 0
      ? [invalidError('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
      : [];
  return [...errors, ...nonNegative(spec.leaseTransitions, 'spec.leaseTransitions')];
}
