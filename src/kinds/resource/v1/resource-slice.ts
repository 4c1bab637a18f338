import { defineKind } from '../../define-kind.ts';
import type { ResourceSlice } from '../../generated/types/resource-v1.ts';

export const resourceSlices = defineKind<ResourceSlice>('resource.k8s.io/v1/resourceslices', {});
