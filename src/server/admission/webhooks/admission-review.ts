/** The review that webhooks are sent, and the rules for their answers. Upstream: plugin/webhook/request/admissionreview.go. */
import { objectSchema } from '../../../kinds/index.ts';
import type { JsonObject } from '../../../machinery/meta.ts';
import { quote } from '../../../machinery/quote.ts';
import type { ObjectSchema } from '../../../machinery/schema.ts';
import type { Status } from '../../../machinery/status.ts';
import { BOOL, BYTES, reviewSchema, structSchema, TEXT, TEXT_MAP, TEXTS } from '../../outbound/index.ts';
import { requestAttributes, type VersionedRequest } from '../expressions/index.ts';
import { CallFailure } from './call-failure.ts';

const VERSIONS = ['v1', 'v1beta1'];
const GROUP = 'admission.k8s.io';
export const REVIEW_VERSIONS: readonly string[] = VERSIONS.map((version) => `${GROUP}/${version}`);

export interface AdmissionReview {
  apiVersion: string;
  kind: string;
  request: JsonObject;
}

export interface AnsweredReview {
  apiVersion?: string;
  kind?: string;
  response?: {
    uid?: string;
    allowed?: boolean;
    status?: Partial<Status>;
    /** Base64. */
    patch?: string;
    patchType?: string;
    auditAnnotations?: Record<string, string>;
    warnings?: string[];
  };
}

export interface Verdict {
  allowed: boolean;
  result: Partial<Status> | undefined;
  /** The text of the patch; empty when there is none. */
  patch: string;
  patchType: string;
  auditAnnotations: Record<string, string>;
  warnings: readonly string[];
}

let schema: ObjectSchema | undefined;

export function answerSchema(): ObjectSchema {
  schema ??= reviewSchema(
    'AdmissionReview',
    structSchema('AdmissionResponse', {
      uid: TEXT,
      allowed: BOOL,
      status: objectSchema('meta/v1.Status'),
      patch: BYTES,
      patchType: TEXT,
      auditAnnotations: TEXT_MAP,
      warnings: TEXTS,
    }),
  );
  return schema;
}

/** The review in the first of the webhook's versions that is known. Throws a CallFailure when none is. */
export function admissionReview(
  versions: readonly string[],
  versioned: VersionedRequest,
  uid: string,
): AdmissionReview {
  const version = versions.find((each) => VERSIONS.includes(each));
  if (version === undefined) {
    const why = 'webhook does not accept known AdmissionReview versions (v1, v1beta1)';
    throw new CallFailure(`could not create admission objects: ${why}`, 400);
  }
  const { object, oldObject, request } = versioned;
  return {
    apiVersion: `${GROUP}/${version}`,
    kind: 'AdmissionReview',
    request: {
      uid,
      ...requestAttributes(versioned),
      object: request.operation === 'CONNECT' ? (object ?? (request.options as JsonObject)) : object,
      oldObject,
    },
  };
}

/** What the webhook said. Throws a CallFailure for an answer that breaks the rules. */
export function verdictOf(
  answer: AnsweredReview,
  { review, mutating }: { review: AdmissionReview; mutating: boolean },
): Verdict {
  const { response } = answer;
  if (!response) throw invalid('webhook response was absent');
  const { patch = '', patchType, status: result, allowed = false, warnings = [], auditAnnotations = {} } = response;
  const verdict = { allowed, result, patch: '', patchType: '', auditAnnotations, warnings };
  if (review.apiVersion === `${GROUP}/v1beta1`)
    return mutating && patch !== '' ? { ...verdict, patch: textOf(patch), patchType: 'JSONPatch' } : verdict;
  checkIdentity(answer, review);
  if (!mutating) {
    if (patch !== '') throw invalid('validating webhook may not return response.patch');
    if (patchType !== undefined) throw invalid('validating webhook may not return response.patchType');
    return verdict;
  }
  if (patch !== '' && patchType === undefined)
    throw invalid('webhook returned response.patch but not response.patchType');
  if (patch === '' && patchType !== undefined)
    throw invalid('webhook returned response.patchType but not response.patch');
  if (patchType === '') throw invalid('webhook returned invalid response.patchType of ""');
  return { ...verdict, patch: textOf(patch), patchType: patchType ?? '' };
}

const invalid = (why: string): CallFailure => new CallFailure(`received invalid webhook response: ${why}`);

function checkIdentity({ response, apiVersion = '', kind = '' }: AnsweredReview, review: AdmissionReview): void {
  const uid = String(review.request.uid);
  if ((response?.uid ?? '') !== uid)
    throw invalid(`expected response.uid=${quote(uid)}, got ${quote(response?.uid ?? '')}`);
  if (apiVersion === review.apiVersion && kind === review.kind) return;
  throw invalid(`expected webhook response of ${typeText(review)}, got ${typeText({ apiVersion, kind })}`);
}

/** Upstream: GroupVersionKind String. */
function typeText({ apiVersion, kind }: { apiVersion: string; kind: string }): string {
  return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

function textOf(base64: string): string {
  const binary = atob(base64);
  return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
}
