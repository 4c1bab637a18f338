import { defineKind } from '../../define-kind.ts';
import type { ResourceClaimTemplate } from '../../generated/types/resource-v1.ts';
import { setDeviceClaimDefaults } from './request-defaults.ts';

export const resourceClaimTemplates = defineKind<ResourceClaimTemplate>('resource.k8s.io/v1/resourceclaimtemplates', {
  defaults: ({ spec }) => setDeviceClaimDefaults(spec.spec?.devices),
});
