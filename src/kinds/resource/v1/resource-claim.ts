import { defineKind } from '../../define-kind.ts';
import type { ResourceClaim } from '../../generated/types/resource-v1.ts';

export const resourceClaims = defineKind<ResourceClaim>('resource.k8s.io/v1/resourceclaims', {});
