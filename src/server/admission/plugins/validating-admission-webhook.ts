/** Lets webhooks refuse what is written. Upstream: admission/plugin/webhook/validating. */
import { validatingWebhookConfigurations } from '../../../kinds/index.ts';
import type { AdmissionPlugin, ConfigSnapshot } from '../../contract.ts';
import { buildHookSet, isExempt, validateByWebhooks } from '../webhooks/index.ts';

const { storedAs } = validatingWebhookConfigurations;
const build = (snapshot: ConfigSnapshot) => buildHookSet(snapshot, storedAs);

export const validatingAdmissionWebhook: AdmissionPlugin = {
  name: 'ValidatingAdmissionWebhook',
  handles: (request) => !isExempt(request),
  validate(request, context) {
    const hooks = context.config.derive('validating-webhooks', [storedAs], build);
    const candidates = hooks.of(request, context);
    if (candidates.length > 0) return validateByWebhooks(candidates, request, context);
  },
};
