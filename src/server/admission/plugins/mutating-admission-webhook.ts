/** Lets webhooks change what is written. Upstream: admission/plugin/webhook/mutating. */
import { mutatingWebhookConfigurations } from '../../../kinds/index.ts';
import type { AdmissionPlugin, ConfigSnapshot } from '../../contract.ts';
import { buildHookSet, isExempt, mutateByWebhooks } from '../webhooks/index.ts';

const { storedAs } = mutatingWebhookConfigurations;
const build = (snapshot: ConfigSnapshot) => buildHookSet(snapshot, storedAs);

export const mutatingAdmissionWebhook: AdmissionPlugin = {
  name: 'MutatingAdmissionWebhook',
  handles: (request) => !isExempt(request),
  admit(request, context) {
    const hooks = context.config.derive('mutating-webhooks', [storedAs], build);
    const candidates = hooks.of(request, context);
    if (candidates.length > 0) return mutateByWebhooks(candidates, request, context);
  },
};
