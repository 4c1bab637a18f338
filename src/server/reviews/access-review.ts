/** SubjectAccessReview and its kin: may somebody do something? Upstream: pkg/registry/authorization. */
import {
  internalForm,
  type LocalSubjectAccessReview,
  type NonResourceAttributes,
  type ResourceAttributes,
  type SelfSubjectAccessReview,
  type SubjectAccessReview,
  type SubjectAccessReviewStatus,
} from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { badRequest, type FieldError, StatusError } from '../../machinery/status.ts';
import type { Attributes, Authorizer, UserInfo } from '../contract.ts';
import { readSelector, selectorErrors } from './review-selectors.ts';

const GROUP = 'authorization.k8s.io';

interface ReviewSpec {
  resourceAttributes?: ResourceAttributes | null;
  nonResourceAttributes?: NonResourceAttributes | null;
}

/** Answers a SelfSubjectAccessReview for `user`. */
export async function reviewOwnAccess(review: KubeObject, user: UserInfo, authorizer: Authorizer): Promise<KubeObject> {
  const { spec = {} } = review as SelfSubjectAccessReview;
  refuse([...specErrors(spec), ...selectorErrors(spec.resourceAttributes ?? {}), ...metadataErrors(review, false)]);
  return { ...review, status: await decide(spec, user, authorizer) };
}

/** Answers a SubjectAccessReview. */
export async function reviewAccess(review: KubeObject, authorizer: Authorizer): Promise<KubeObject> {
  const { spec = {} } = review as SubjectAccessReview;
  refuse([...specErrors(spec), ...subjectErrors(spec), ...metadataErrors(review, false)]);
  return { ...review, status: await decide(spec, subjectOf(spec), authorizer) };
}

/** Answers a LocalSubjectAccessReview of `namespace`. */
export async function reviewLocalAccess(
  review: KubeObject,
  namespace: string,
  authorizer: Authorizer,
): Promise<KubeObject> {
  const { spec = {} } = review as LocalSubjectAccessReview;
  const given = review.metadata?.namespace;
  if (given && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const errors = [...specErrors(spec), ...subjectErrors(spec), ...metadataErrors(review, true)];
  const asked = spec.resourceAttributes?.namespace ?? '';
  if (spec.resourceAttributes && asked !== namespace) {
    errors.push(wrong('spec.resourceAttributes.namespace', JSON.stringify(asked), 'must match metadata.namespace'));
  }
  if (spec.nonResourceAttributes) {
    errors.push(
      wrong('spec.nonResourceAttributes', shown(spec.nonResourceAttributes), 'disallowed on this kind of request'),
    );
  }
  refuse(errors);
  const status = await decide(spec, subjectOf(spec), authorizer);
  return { ...review, metadata: { ...review.metadata, namespace }, status };
}

async function decide(spec: ReviewSpec, user: UserInfo, authorizer: Authorizer): Promise<SubjectAccessReviewStatus> {
  const decision = await authorizer.authorize(attributesOf(spec, user));
  const asked = spec.resourceAttributes;
  const faults = [
    decision.evaluationError,
    readSelector(asked?.fieldSelector, 'fieldSelector').fault,
    readSelector(asked?.labelSelector, 'labelSelector').fault,
  ].filter((fault) => fault);
  return {
    allowed: decision.decision === 'allow',
    ...(decision.decision === 'deny' ? { denied: true } : {}),
    ...(decision.reason === '' ? {} : { reason: decision.reason }),
    ...(faults.length > 0 ? { evaluationError: faults.join('; ') } : {}),
  };
}

function subjectOf(spec: SubjectAccessReview['spec'] & object): UserInfo {
  return {
    name: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid ? { uid: spec.uid } : {}),
    ...(spec.extra ? { extra: spec.extra } : {}),
  };
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: ReviewSpec, user: UserInfo): Attributes {
  const asked = resourceAttributes ?? {};
  const field = readSelector(asked.fieldSelector, 'fieldSelector').text;
  const label = readSelector(asked.labelSelector, 'labelSelector').text;
  return {
    user,
    verb: resourceAttributes?.verb ?? nonResourceAttributes?.verb ?? '',
    isResource: Boolean(resourceAttributes),
    group: asked.group ?? '',
    version: asked.version ?? '',
    resource: asked.resource ?? '',
    subresource: asked.subresource ?? '',
    namespace: asked.namespace ?? '',
    name: asked.name ?? '',
    path: nonResourceAttributes?.path ?? '',
    ...(field ? { fieldSelector: field } : {}),
    ...(label ? { labelSelector: label } : {}),
  };
}

function specErrors({ resourceAttributes, nonResourceAttributes }: ReviewSpec): FieldError[] {
  if (resourceAttributes && nonResourceAttributes) {
    const why = 'cannot be specified in combination with resourceAttributes';
    return [wrong('spec.nonResourceAttributes', shown(nonResourceAttributes), why)];
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    return [wrong('spec.resourceAttributes', 'null', why)];
  }
  return [];
}

function subjectErrors(spec: ReviewSpec & { user?: string; groups?: readonly string[] | null }): FieldError[] {
  const errors = selectorErrors(spec.resourceAttributes ?? {});
  if (spec.user || spec.groups?.length) return errors;
  return [wrong('spec.user', '""', 'at least one of user or group must be specified'), ...errors];
}

/** Reviews have no metadata of their own; managed fields are written by the server itself. */
function metadataErrors({ metadata = {} }: KubeObject, local: boolean): FieldError[] {
  const { managedFields: _managed, creationTimestamp: _created, namespace, ...rest } = metadata;
  const given = Object.values(rest).some((value) => value !== undefined && value !== '');
  if (!given && (local || !namespace)) return [];
  return [
    wrong(
      'metadata',
      JSON.stringify(internalForm('meta/v1.ObjectMeta', metadata)),
      local ? 'must be empty except for namespace' : 'must be empty',
    ),
  ];
}

const wrong = (field: string, value: string, why: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${value}: ${why}`,
});

const shown = ({ path = '', verb = '' }: NonResourceAttributes): string => JSON.stringify({ Path: path, Verb: verb });

/** 422 that names no kind, as upstream answers for reviews. */
function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const lines = errors.map((error) => `${error.field}: ${error.message}`);
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  throw new StatusError(422, 'Invalid', `.${GROUP} "" is invalid: ${text}`, {
    group: GROUP,
    causes: errors.map((error) => ({ reason: error.type, message: error.message, field: error.field })),
  });
}
