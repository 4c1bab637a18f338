import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { Lease } from '../../generated/types/coordination-v1.ts';
import { validateLease } from './validate.ts';

/** The fields of coordinated leader election, a feature that is off. */
function dropCoordinated(spec: Lease['spec']): void {
  delete spec.strategy;
  delete spec.preferredHolder;
}

export const leases = defineKind<Lease>('coordination.k8s.io/v1/leases', {
  cells: (lease, now) => [nameOf(lease), lease.spec.holderIdentity ?? '', age(lease, now)],
  strategy: {
    prepareForCreate: ({ spec }) => dropCoordinated(spec),
    prepareForUpdate({ spec }, old) {
      if (old.spec.strategy === undefined && old.spec.preferredHolder === undefined) dropCoordinated(spec);
    },
    validateCreate: validateLease,
    validateUpdate: validateLease,
  },
});
