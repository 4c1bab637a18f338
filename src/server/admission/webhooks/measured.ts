/** Counts the calls of webhooks by how they end. Upstream: plugin/webhook/{mutating,validating}/dispatcher.go. */
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { CallFailure, WebhookRefusal } from './call-failure.ts';
import type { Hook } from './hook-set.ts';
import type { MeasuredCall, WebhookType } from './metrics.ts';

interface MeasuredHook {
  hook: Hook;
  request: AdmissionRequest;
  context: AdmissionContext;
  type: WebhookType;
}

/** Runs `call`, which asks a webhook and acts on the answer, and counts how that ended. */
export async function measured<T>({ hook, request, context, type }: MeasuredHook, call: () => Promise<T>): Promise<T> {
  const { webhookMetrics, clock } = context;
  if (!webhookMetrics) return call();
  const started = clock.now();
  const { name, failurePolicy } = hook.webhook;
  const { operation } = request;
  const count = (outcome: Pick<MeasuredCall, 'code' | 'rejected' | 'failedOpen'>): void =>
    webhookMetrics.called({ name, type, operation, seconds: (clock.now() - started) / 1_000, ...outcome });
  try {
    const value = await call();
    count({ code: 200 });
    return value;
  } catch (error) {
    if (error instanceof WebhookRefusal) count({ code: error.code, rejected: 'no_error' });
    else if (!(error instanceof CallFailure)) count({ code: 0, rejected: 'apiserver_internal_error' });
    else if (failurePolicy === 'Ignore') count({ code: error.code, failedOpen: true });
    else count({ code: error.code, rejected: 'calling_webhook_error' });
    throw error;
  }
}
