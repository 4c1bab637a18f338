/** The 403 that names what a user may not do. Upstream: endpoints/handlers/responsewriters/errors.go. */
import { forbidden, StatusError } from '../../machinery/status.ts';
import type { Attributes } from '../contract.ts';

export function forbiddenRequest(attributes: Attributes, reason: string): StatusError {
  const who = `User ${JSON.stringify(attributes.user.name)}`;
  const tail = reason === '' ? '' : `: ${reason}`;
  const { verb, namespace, group, name } = attributes;
  if (!attributes.isResource) {
    return new StatusError(
      403,
      'Forbidden',
      `forbidden: ${who} cannot ${verb} path ${JSON.stringify(attributes.path)}${tail}`,
      {},
    );
  }
  const resource =
    attributes.subresource === '' ? attributes.resource : `${attributes.resource}/${attributes.subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `${who} cannot ${verb} resource "${resource}" in API group "${group}" ${where}${tail}`;
  return forbidden({ group, kind: attributes.resource }, name, why);
}
