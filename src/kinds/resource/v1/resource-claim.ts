import { resourceClaimState } from '../../cells/groups.ts';
import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { ResourceClaim } from '../../generated/types/resource-v1.ts';
import { keepingMetadata, STATUS_METADATA } from '../../strategy.ts';
import { setDeviceClaimDefaults, setTolerationDefaults } from './request-defaults.ts';
import { validateClaim, validateClaimUpdate } from './validate-claim.ts';
import { dropDeallocatedDevices, validateClaimStatus } from './validate-status.ts';

export const resourceClaims = defineKind<ResourceClaim>('resource.k8s.io/v1/resourceclaims', {
  defaults({ spec, status }) {
    setDeviceClaimDefaults(spec.devices);
    for (const { tolerations } of status?.allocation?.devices?.results ?? []) setTolerationDefaults(tolerations);
  },
  strategy: { validateCreate: validateClaim, validateUpdate: validateClaimUpdate },
  statusStrategy: keepingMetadata(STATUS_METADATA, {
    prepareForUpdate: dropDeallocatedDevices,
    validateUpdate: validateClaimStatus,
  }),
  cells: (claim, now) => [nameOf(claim), resourceClaimState(claim), age(claim, now)],
});
