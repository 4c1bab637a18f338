/** Whether the user may do what the request asks. Upstream: endpoints/filters/authorization.go. */
import { StatusError } from '../../machinery/status.ts';
import { forbiddenRequest } from '../authz/index.ts';
import type { Attributes, Decision } from '../contract.ts';
import type { RequestScope, ServerParts } from '../scope.ts';

const VERBS_WITH_SELECTORS = new Set(['list', 'watch', 'deletecollection']);

/** What an authorizer is asked about a request. */
export function attributesOf(scope: Pick<RequestScope, 'info' | 'query' | 'user'>): Attributes {
  const { info, query, user } = scope;
  const attributes: Attributes = {
    user,
    verb: info.verb,
    isResource: info.isResource,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name,
    path: info.path,
  };
  if (!info.verbInPath && VERBS_WITH_SELECTORS.has(info.verb)) {
    const fields = query.get('fieldSelector');
    const labels = query.get('labelSelector');
    if (fields) attributes.fieldSelector = fields;
    if (labels) attributes.labelSelector = labels;
  }
  return attributes;
}

/** Throws 403 unless `attributes` are allowed; `audit` is told the decision. */
export async function authorize(
  parts: ServerParts,
  attributes: Attributes,
  audit?: { decided(decision: Decision): void },
): Promise<void> {
  const decision = await parts.authorizer.authorize(attributes);
  audit?.decided(decision);
  if (decision.decision !== 'allow' && decision.fault !== undefined) {
    const what = `Internal Server Error: ${JSON.stringify(attributes.path)}: ${decision.fault}`;
    throw new StatusError(500, 'InternalError', what, {});
  }
  if (decision.decision !== 'allow') throw forbiddenRequest(attributes, decision.reason);
}
