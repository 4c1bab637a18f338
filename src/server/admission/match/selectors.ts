/** Which requests the selectors of webhooks and policies name. Upstream: webhook/predicates/{namespace,object}. */
import type { KubeObject } from '../../../machinery/meta.ts';
import { type LabelRequirement, matchesLabels } from '../../../machinery/selectors/index.ts';
import { notFound } from '../../../machinery/status.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { findObject } from '../requests.ts';

/** The namespace of a request from the cache or, when it is not there, from storage. Throws 404 when there is none. */
export async function namespaceOf(name: string, context: AdmissionContext): Promise<KubeObject> {
  const found = await findObject(context, { resource: 'namespaces', namespace: '', name });
  if (!found) throw notFound({ group: '', kind: 'namespaces' }, name);
  return found;
}

/**
 * Whether the namespace of the request is selected; requests outside namespaces always are. A request that writes a
 * namespace object is judged by the labels that it will have. Throws 404 when the namespace does not exist.
 */
export function matchesNamespace(
  selector: readonly LabelRequirement[],
  request: AdmissionRequest,
  context: AdmissionContext,
): boolean | Promise<boolean> {
  if (selector.length === 0) return true;
  const { kind, namespace, operation, subresource, object } = request;
  const isNamespace = kind.resource === 'namespaces';
  if (namespace === '' && !isNamespace) return true;
  if (isNamespace && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'))
    return matchesLabels(selector, object?.metadata.labels ?? {});
  const cached = context.config.get('namespaces', '', namespace);
  if (cached) return matchesLabels(selector, cached.metadata.labels ?? {});
  return namespaceOf(namespace, context).then(({ metadata }) => matchesLabels(selector, metadata.labels ?? {}));
}

/** Whether the object as it was or as it will be is selected. */
export function matchesObject(selector: readonly LabelRequirement[], request: AdmissionRequest): boolean {
  if (selector.length === 0) return true;
  const fits = (object: KubeObject | undefined): boolean =>
    object?.metadata !== undefined && matchesLabels(selector, object.metadata.labels ?? {});
  return fits(request.object) || fits(request.oldObject);
}
