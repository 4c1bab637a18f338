/** Asks one webhook. Upstream: plugin/webhook/{mutating,validating}/dispatcher.go. */
import { badRequest, type Status } from '../../../machinery/status.ts';
import type { AdmissionContext } from '../../contract.ts';
import { postReview, ReviewError } from '../../outbound/index.ts';
import type { VersionedRequest } from '../expressions/index.ts';
import {
  type AnsweredReview,
  admissionReview,
  answerSchema,
  REVIEW_VERSIONS,
  type Verdict,
  verdictOf,
} from './admission-review.ts';
import { CallFailure, WebhookRefusal } from './call-failure.ts';
import type { Hook } from './hook-set.ts';

const DEFAULT_TIMEOUT_S = 10;
/** A patch in base64 that makes the largest object anew fits, with room. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

export interface CallOptions {
  context: AdmissionContext;
  mutating: boolean;
  /** When the whole request is given up, in milliseconds since the epoch. */
  deadline?: number;
}

/**
 * The verdict of a webhook that allows the request; its warnings and annotations are added to the request. Throws the
 * StatusError of a webhook that refuses and a CallFailure for one that does not answer as it should.
 */
export async function callWebhook(
  { webhook }: Hook,
  versioned: VersionedRequest,
  { context, mutating, deadline = Number.POSITIVE_INFINITY }: CallOptions,
): Promise<Verdict> {
  const { request } = versioned;
  const { name, sideEffects, timeoutSeconds = DEFAULT_TIMEOUT_S, admissionReviewVersions = [] } = webhook;
  if (request.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
  const review = admissionReview(admissionReviewVersions, versioned, context.random.uuid());
  checkBundle(webhook.clientConfig.caBundle);
  const answer = await postReview<AnsweredReview>({
    outbound: context.outbound,
    clock: context.clock,
    config: webhook.clientConfig,
    timeoutMs: Math.max(1, Math.min(timeoutSeconds * 1_000, deadline - context.clock.now())),
    maxBytes: MAX_ANSWER_BYTES,
    review,
    schema: answerSchema(),
    knownVersions: REVIEW_VERSIONS,
  }).catch((error: unknown) => {
    if (error instanceof ReviewError) throw new CallFailure(`failed to call webhook: ${error.message}`, error.code);
    throw error;
  });
  const verdict = verdictOf(answer, { review, mutating });
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) request.annotate?.(`${name}/${key}`, value);
  for (const warning of verdict.warnings) request.warn(warning);
  if (!verdict.allowed) throw refusal(name, verdict.result);
  return verdict;
}

/** Upstream: client-go/transport rootCertPool. */
function checkBundle(caBundle: string | undefined): void {
  if (!caBundle || /-----BEGIN [^-]+-----[^-]+-----END /.test(atob(caBundle))) return;
  const why = 'unable to load root certificates: unable to parse bytes as PEM block';
  throw new CallFailure(`could not get REST client: ${why}`, 400);
}

/** Upstream: plugin/webhook/errors/statuserror.go. */
function refusal(webhook: string, result: Partial<Status> = {}): WebhookRefusal {
  const { code = 0, reason = '', message = '', details, status, metadata } = result;
  const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const said = message || reason;
  const text = said ? `${denied}: ${said}` : `${denied} without explanation`;
  const error = new WebhookRefusal(Math.max(code, 400), reason, text, details, metadata);
  if (status && status !== 'Success') error.status.status = status;
  return error;
}
