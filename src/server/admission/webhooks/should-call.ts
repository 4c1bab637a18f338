/** Whether a webhook is asked about a request. Upstream: webhook/generic/webhook.go ShouldCallHook. */
import { CEL_MATCH_CONDITIONS_BUDGET } from '../../../machinery/cel/index.ts';
import { forbidden } from '../../../machinery/status.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import {
  Activation,
  bindingsOf,
  cachingAuthorizer,
  matchConditions,
  type VersionedRequest,
} from '../expressions/index.ts';
import { matchesNamespace, matchesObject } from '../match/index.ts';
import type { HookCandidate } from './hook-set.ts';

const CONFIGURATIONS = new Set(
  ['WebhookConfiguration', 'AdmissionPolicy', 'AdmissionPolicyBinding'].flatMap((suffix) => [
    `Mutating${suffix}`,
    `Validating${suffix}`,
  ]),
);

/** Webhooks are not asked about what configures admission, which would lock everybody out of mending it. */
export function isExempt({ kind }: AdmissionRequest): boolean {
  return kind.group === 'admissionregistration.k8s.io' && CONFIGURATIONS.has(kind.kind);
}

export interface Question {
  request: AdmissionRequest;
  context: AdmissionContext;
  /** The request in the form of the webhook's rule; asked for only by conditions. */
  versioned(): Promise<VersionedRequest>;
}

/** Throws 404 for a namespace that does not exist and 403 for conditions that cannot be evaluated. */
export async function shouldCall({ hook }: HookCandidate, question: Question): Promise<boolean> {
  const { request, context } = question;
  if (!matchesObject(hook.objects, request)) return false;
  if (!(await matchesNamespace(hook.namespaces, request, context))) return false;
  const conditions = hook.conditions();
  if (conditions.length === 0) return true;
  const activation = new Activation({
    bindings: bindingsOf({ versioned: await question.versioned(), forConditions: true }),
    authorize: cachingAuthorizer(request.user, context),
    budget: CEL_MATCH_CONDITIONS_BUDGET,
  });
  const { matches, error } = await matchConditions(conditions, activation, hook.webhook.failurePolicy);
  if (error === undefined) return matches;
  throw forbidden({ group: request.kind.group, kind: request.kind.resource }, request.name, error);
}
