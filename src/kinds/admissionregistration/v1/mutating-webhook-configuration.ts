import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { MutatingWebhookConfiguration } from '../../generated/types/admissionregistration-v1.ts';
import { setWebhookDefaults } from './defaults.ts';
import { countEmptyLists } from './empty-lists.ts';
import { staticNameWarnings } from './static-names.ts';
import { validateWebhooks, validateWebhooksUpdate } from './validate-webhooks.ts';

export const mutatingWebhookConfigurations = defineKind<MutatingWebhookConfiguration>(
  'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
  {
    cached: true,
    defaults({ webhooks }) {
      for (const webhook of webhooks ?? []) {
        setWebhookDefaults(webhook);
        webhook.reinvocationPolicy ??= 'Never';
      }
    },
    strategy: {
      ...staticNameWarnings,
      prepareForUpdate: countEmptyLists,
      validateCreate: (object) => validateWebhooks(object),
      validateUpdate: validateWebhooksUpdate,
    },
    cells: (object, now) => [nameOf(object), object.webhooks?.length ?? 0, age(object, now)],
  },
);
