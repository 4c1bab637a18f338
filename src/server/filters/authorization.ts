/** Whether the user may do what the request asks. Upstream: endpoints/filters/authorization.go. */
import { forbiddenRequest } from '../authz/index.ts';
import type { Attributes } from '../contract.ts';
import type { RequestScope, ServerParts } from '../scope.ts';

/** What an authorizer is asked about a request. */
export function attributesOf(scope: RequestScope): Attributes {
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
  if (info.verb === 'list' || info.verb === 'watch' || info.verb === 'deletecollection') {
    const fields = query.get('fieldSelector');
    const labels = query.get('labelSelector');
    if (fields) attributes.fieldSelector = fields;
    if (labels) attributes.labelSelector = labels;
  }
  return attributes;
}

/** Throws 403 unless `attributes` are allowed. */
export async function authorize(parts: ServerParts, attributes: Attributes): Promise<void> {
  const decision = await parts.authorizer.authorize(attributes);
  if (decision.decision !== 'allow') throw forbiddenRequest(attributes, decision.reason);
}
