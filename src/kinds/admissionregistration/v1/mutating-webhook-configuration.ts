import { defineKind } from '../../define-kind.ts';
import type { MutatingWebhookConfiguration } from '../../generated/types/admissionregistration-v1.ts';

export const mutatingWebhookConfigurations = defineKind<MutatingWebhookConfiguration>(
  'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
  {},
);
