import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { ValidatingWebhookConfiguration } from '../../generated/types/admissionregistration-v1.ts';
import { setWebhookDefaults } from './defaults.ts';
import { countEmptyLists } from './empty-lists.ts';
import { staticNameWarnings } from './static-names.ts';
import { validateWebhooks, validateWebhooksUpdate } from './validate-webhooks.ts';

export const validatingWebhookConfigurations = defineKind<ValidatingWebhookConfiguration>(
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
  {
    cached: true,
    defaults: ({ webhooks }) => webhooks?.forEach(setWebhookDefaults),
    strategy: {
      ...staticNameWarnings,
      prepareForUpdate: countEmptyLists,
      validateCreate: (object) => validateWebhooks(object),
      validateUpdate: validateWebhooksUpdate,
    },
    cells: (object, now) => [nameOf(object), object.webhooks?.length ?? 0, age(object, now)],
  },
);
