/** The question to a webhook: SubjectAccessReview. Upstream: plugin/pkg/authorizer/webhook. */
import { parseFieldSelector, parseLabelSelector } from '../../../machinery/selectors/index.ts';
import type { Attributes } from '../../contract.ts';

interface Requirement {
  key: string;
  operator: string;
  values?: string[];
}

export interface ReviewSpec {
  resourceAttributes?: {
    namespace: string;
    verb: string;
    group: string;
    version: string;
    resource: string;
    subresource: string;
    name: string;
    fieldSelector?: { requirements: Requirement[] };
    labelSelector?: { requirements: Requirement[] };
  };
  nonResourceAttributes?: { path: string; verb: string };
  user: string;
  groups?: string[];
  extra?: Record<string, string[]>;
  uid?: string;
}

const LABEL_OPERATORS: Readonly<Record<string, string>> = {
  ...{ in: 'In', notin: 'NotIn', exists: 'Exists', absent: 'DoesNotExist' },
};

/** What is asked about a request, with all fields that it has. */
export function reviewSpec(attributes: Attributes): ReviewSpec {
  const { user, verb, path, isResource } = attributes;
  return {
    ...(isResource
      ? { resourceAttributes: resourceAttributes(attributes) }
      : { nonResourceAttributes: { path, verb } }),
    user: user.name,
    ...(user.groups.length > 0 ? { groups: user.groups } : {}),
    ...(user.extra ? { extra: user.extra } : {}),
    ...(user.uid ? { uid: user.uid } : {}),
  };
}

function resourceAttributes(attributes: Attributes): NonNullable<ReviewSpec['resourceAttributes']> {
  const { namespace, verb, group, version, resource, subresource, name } = attributes;
  const fields = fieldRequirements(attributes.fieldSelector);
  const labels = labelRequirements(attributes.labelSelector);
  return {
    ...{ namespace, verb, group, version, resource, subresource, name },
    ...(fields.length > 0 ? { fieldSelector: { requirements: fields } } : {}),
    ...(labels.length > 0 ? { labelSelector: { requirements: labels } } : {}),
  };
}

/** Selectors only narrow a request: what cannot be read is left out. */
function fieldRequirements(selector: string | undefined): Requirement[] {
  if (selector === undefined) return [];
  try {
    return parseFieldSelector(selector).map(({ field, operator, value }) => ({
      ...{ key: field, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] },
    }));
  } catch {
    return [];
  }
}

function labelRequirements(selector: string | undefined): Requirement[] {
  if (selector === undefined) return [];
  try {
    return parseLabelSelector(selector).flatMap(({ key, operator, values }) => {
      const known = LABEL_OPERATORS[operator];
      return known === undefined ? [] : [{ key, operator: known, ...(values.length > 0 ? { values } : {}) }];
    });
  } catch {
    return [];
  }
}

/** The body of the call: empty attributes are left out, and the old version names the groups differently. */
export function reviewBody(spec: ReviewSpec, version: 'v1' | 'v1beta1'): string {
  const { resourceAttributes: resource, groups, ...rest } = spec;
  const sent = {
    ...(resource
      ? { resourceAttributes: Object.fromEntries(Object.entries(resource).filter(([, value]) => value !== '')) }
      : {}),
    ...rest,
    ...(groups ? { [version === 'v1' ? 'groups' : 'group']: groups } : {}),
  };
  return JSON.stringify({
    ...{ kind: 'SubjectAccessReview', apiVersion: `authorization.k8s.io/${version}`, metadata: {}, spec: sent },
    status: { allowed: false },
  });
}
