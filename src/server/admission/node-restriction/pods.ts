/** What a node may do to pods: mirror its static ones, report on and remove those bound to it. */
import type { Node, Pod, PodSpec } from '../../../kinds/index.ts';
import { notFound } from '../../../machinery/status.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { containersOf, findObject, liveObject, refusal } from '../requests.ts';

const MIRROR = 'kubernetes.io/config.mirror';

export async function checkPod(request: AdmissionRequest, node: string, context: AdmissionContext): Promise<void> {
  const { subresource, operation } = request;
  if (subresource === '' && operation === 'CREATE') return checkCreate(request, node, context);
  if (subresource === '' && operation === 'DELETE') return checkBound(request, node, 'delete pods');
  if (subresource === 'status' && operation === 'UPDATE') return checkStatus(request, node);
  if (subresource === 'eviction' && operation === 'CREATE') {
    const { namespace, name } = request;
    const pod = await liveObject<Pod>(context, { resource: 'pods', namespace, name });
    // The plugin's own look-up fails first, and it names the kind.
    if (!pod) throw notFound({ group: '', kind: 'pod' }, name);
    if (pod.spec?.nodeName !== node) {
      throw refusal(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
    }
    return;
  }
  throw refusal(
    request,
    `unexpected operation ${JSON.stringify(operation)}, node ${JSON.stringify(node)} can only create, delete, or update status of pods`,
  );
}

function checkBound(request: AdmissionRequest, node: string, what: string): void {
  if ((request.oldObject as Pod | undefined)?.spec?.nodeName === node) return;
  throw refusal(request, `node ${JSON.stringify(node)} can only ${what} with spec.nodeName set to itself`);
}

function checkStatus(request: AdmissionRequest, node: string): void {
  checkBound(request, node, 'update pod status for pods');
  const pod = request.object as unknown as Pod;
  const old = request.oldObject as unknown as Pod;
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
  const who = `node ${JSON.stringify(node)} cannot update`;
  if (!same(sorted(pod.metadata.labels), sorted(old.metadata.labels))) {
    throw refusal(request, `${who} labels through pod status`);
  }
  if (!same(pod.status?.resourceClaimStatuses, old.status?.resourceClaimStatuses)) {
    throw refusal(request, `${who} resource claim statues`);
  }
}

const sorted = (labels: Record<string, string> | undefined): unknown =>
  Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

async function checkCreate(request: AdmissionRequest, node: string, context: AdmissionContext): Promise<void> {
  const pod = request.object as unknown as Pod;
  const who = `node ${JSON.stringify(node)}`;
  if (pod.metadata.annotations?.[MIRROR] === undefined) {
    throw refusal(
      request,
      `pod does not have ${JSON.stringify(MIRROR)} annotation, ${who} can only create mirror pods`,
    );
  }
  if (pod.spec?.nodeName !== node)
    throw refusal(request, `${who} can only create pods with spec.nodeName set to itself`);
  await checkOwner(request, pod, { node, context });
  const referenced = reference(pod.spec);
  if (referenced) throw refusal(request, `${who} can not create pods that reference ${referenced}`);
}

async function checkOwner(
  request: AdmissionRequest,
  pod: Pod,
  { node, context }: { node: string; context: AdmissionContext },
): Promise<void> {
  const who = `node ${JSON.stringify(node)}`;
  const owners = pod.metadata.ownerReferences ?? [];
  if (owners.length > 1)
    throw refusal(request, `${who} can only create pods with a single owner reference set to itself`);
  const owner = owners[0];
  if (!owner || `${owner.apiVersion}/${owner.kind}/${owner.name}` !== `v1/Node/${node}`) {
    throw refusal(request, `${who} can only create pods with an owner reference set to itself`);
  }
  if (!owner.controller)
    throw refusal(request, `${who} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion) throw refusal(request, `${who} must not set blockOwnerDeletion on an owner reference`);
  const own = await findObject<Node>(context, { resource: 'nodes', namespace: '', name: node });
  if (own?.metadata.uid !== owner.uid) {
    throw refusal(request, `node ${node} UID mismatch: expected ${owner.uid} got ${own?.metadata.uid ?? ''}`);
  }
}

/** What of the cluster's objects the pod would open to the node; undefined for nothing. */
function reference(spec: PodSpec): string | undefined {
  if (spec.serviceAccountName) return 'a service account';
  const volumes = spec.volumes ?? [];
  const containers = containersOf(spec);
  const sources = volumes.flatMap((volume) => volume.projected?.sources ?? []);
  if (
    spec.imagePullSecrets?.length ||
    volumes.some((volume) => volume.secret) ||
    sources.some((source) => source.secret) ||
    containers.some(
      (one) => one.envFrom?.some((from) => from.secretRef) || one.env?.some((env) => env.valueFrom?.secretKeyRef),
    )
  ) {
    return 'secrets';
  }
  if (
    volumes.some((volume) => volume.configMap) ||
    sources.some((source) => source.configMap) ||
    containers.some(
      (one) => one.envFrom?.some((from) => from.configMapRef) || one.env?.some((env) => env.valueFrom?.configMapKeyRef),
    )
  ) {
    return 'configmaps';
  }
  if (volumes.some((volume) => volume.persistentVolumeClaim)) return 'persistentvolumeclaims';
  if (sources.some((source) => source.clusterTrustBundle)) return 'clustertrustbundles';
  return spec.resourceClaims?.length ? 'resourceclaims' : undefined;
}
