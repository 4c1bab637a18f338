import { defineKind } from '../../define-kind.ts';
import type { ResourceClaimTemplate } from '../../generated/types/resource-v1.ts';
import { setDeviceClaimDefaults } from './request-defaults.ts';
import { validateTemplate, validateTemplateUpdate } from './validate-claim.ts';

export const resourceClaimTemplates = defineKind<ResourceClaimTemplate>('resource.k8s.io/v1/resourceclaimtemplates', {
  strategy: { validateCreate: validateTemplate, validateUpdate: validateTemplateUpdate },
  defaults: ({ spec }) => setDeviceClaimDefaults(spec.spec?.devices),
});
