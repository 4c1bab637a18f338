/** Asks validating webhooks, all at once. Upstream: plugin/webhook/validating/dispatcher.go. */
import { internalError } from '../../../machinery/status.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { type VersionedRequest, versionedRequest } from '../expressions/index.ts';
import type { ResourceForm } from '../match/index.ts';
import { CallFailure, callFailureText } from './call-failure.ts';
import { callWebhook } from './call-webhook.ts';
import type { Hook, HookCandidate } from './hook-set.ts';
import { measured } from './measured.ts';
import { shouldCall } from './should-call.ts';

interface Call {
  hook: Hook;
  versioned: VersionedRequest;
}

/** Throws what the first webhook that refuses says, or 500 when one that must be asked cannot be. */
export async function validateByWebhooks(
  candidates: readonly HookCandidate[],
  request: AdmissionRequest,
  context: AdmissionContext,
): Promise<void> {
  const forms = new Map<ResourceForm, VersionedRequest>();
  const calls: Call[] = [];
  for (const candidate of candidates) {
    const versioned = async (): Promise<VersionedRequest> => {
      const known = forms.get(candidate.form) ?? (await inForm(request, candidate.form, context));
      forms.set(candidate.form, known);
      return known;
    };
    if (await shouldCall(candidate, { request, context, versioned }))
      calls.push({ hook: candidate.hook, versioned: await versioned() });
  }
  if (calls.length === 0) return;
  // All are asked to the end, as upstream does: one that counts requests sees those that another refuses.
  const failures: unknown[] = [];
  await Promise.all(
    calls.map((call, index) => callOne(call, { index, context }).catch((error: unknown) => void failures.push(error))),
  );
  if (failures.length > 0) throw failures[0];
}

/** The request under a form. Throws 500 where it cannot be converted. */
export async function inForm(
  request: AdmissionRequest,
  form: ResourceForm,
  context: AdmissionContext,
): Promise<VersionedRequest> {
  try {
    return await versionedRequest(request, form, context);
  } catch (error) {
    throw internalError(error instanceof Error ? error.message : String(error));
  }
}

async function callOne(
  { hook, versioned }: Call,
  { index, context }: { index: number; context: AdmissionContext },
): Promise<void> {
  const { name, failurePolicy } = hook.webhook;
  const { request } = versioned;
  try {
    await measured({ hook, request, context, type: 'validating' }, () =>
      callWebhook(hook, versioned, { context, mutating: false }),
    );
  } catch (error) {
    if (!(error instanceof CallFailure)) throw error;
    if (failurePolicy !== 'Ignore') throw internalError(callFailureText(name, error));
    request.annotate?.(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, name);
  }
}
