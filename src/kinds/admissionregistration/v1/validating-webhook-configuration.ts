import { defineKind } from '../../define-kind.ts';
import type { ValidatingWebhookConfiguration } from '../../generated/types/admissionregistration-v1.ts';
import { setWebhookDefaults } from './defaults.ts';

export const validatingWebhookConfigurations = defineKind<ValidatingWebhookConfiguration>(
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  { cached: true, defaults: ({ webhooks }) => webhooks?.forEach(setWebhookDefaults) },
);
