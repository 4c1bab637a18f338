/** A node gets tokens for its own pods only, and only for audiences those pods ask for. */
import type { CSIDriver, Pod } from '../../../kinds/index.ts';
import { notFound } from '../../../machinery/status.ts';
import type { TokenRequest } from '../../authn/index.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { findObject, liveObject, refusal } from '../requests.ts';

export async function checkTokenRequest(
  request: AdmissionRequest,
  node: string,
  context: AdmissionContext,
): Promise<void> {
  if (request.subresource !== 'token') return;
  const { spec } = (request.object ?? {}) as unknown as TokenRequest;
  const ref = spec?.boundObjectRef;
  if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) {
    throw refusal(request, 'node requested token not bound to a pod');
  }
  if (!ref.uid) throw refusal(request, 'node requested token with a pod binding without a uid');
  const { namespace } = request;
  const pod = await liveObject<Pod>(context, { resource: 'pods', namespace, name: ref.name });
  if (!pod) throw notFound({ group: '', kind: 'pods' }, ref.name);
  if (pod.metadata.uid !== ref.uid) {
    throw refusal(
      request,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (pod.spec?.nodeName !== node)
    throw refusal(request, 'node requested token bound to a pod scheduled on a different node');
  await checkAudience(request, { pod, audiences: spec.audiences ?? [], context });
}

interface AudienceCheck {
  pod: Pod;
  audiences: readonly string[];
  context: AdmissionContext;
}

async function checkAudience(request: AdmissionRequest, { pod, audiences, context }: AudienceCheck): Promise<void> {
  if (audiences.length > 1) throw refusal(request, 'node may only request 0 or 1 audiences');
  const audience = audiences[0] ?? '';
  if (audience === '' || (await podAudiences(pod, context)).has(audience)) return;
  const decision = await context.authorizer.authorize({
    user: request.user,
    verb: 'request-serviceaccounts-token-audience',
    isResource: true,
    group: '',
    version: 'v1',
    resource: audience,
    subresource: '',
    namespace: request.namespace,
    name: request.name,
    path: '',
  });
  if (decision.decision !== 'allow')
    throw refusal(request, `audience ${JSON.stringify(audience)} not found in pod spec volume`);
}

/** Audiences of the pod's token volumes and of the drivers of its CSI volumes. */
async function podAudiences(pod: Pod, context: AdmissionContext): Promise<Set<string>> {
  const issuer = context.settings.serviceAccountIssuer;
  const found = new Set<string>();
  for (const volume of pod.spec?.volumes ?? []) {
    for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
      if (serviceAccountToken) found.add(serviceAccountToken.audience || issuer);
    }
    if (!volume.csi) continue;
    const key = { resource: 'csidrivers.storage.k8s.io', namespace: '', name: volume.csi.driver };
    const driver = await findObject<CSIDriver>(context, key);
    for (const { audience } of driver?.spec?.tokenRequests ?? []) found.add(audience || issuer);
  }
  return found;
}
