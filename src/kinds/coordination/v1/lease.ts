import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { Lease } from '../../generated/types/coordination-v1.ts';
import { validateLease } from './validate.ts';

export const leases = defineKind<Lease>('coordination.k8s.io/v1/leases', {
  cells: (lease, now) => [nameOf(lease), lease.spec.holderIdentity ?? '', age(lease, now)],
  strategy: { validateCreate: validateLease, validateUpdate: validateLease },
});
