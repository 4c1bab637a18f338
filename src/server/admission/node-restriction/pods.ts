/** What a node may do to pods: mirror its static ones, report on and remove those bound to it. */
import type { Node, Pod, PodSpec, Volume, VolumeProjection } from '../../../kinds/index.ts';
import { notFound } from '../../../machinery/status.ts';
import { podReferences } from '../../authz/pod-references.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { findObject, liveObject, refusal } from '../requests.ts';

const MIRROR = 'kubernetes.io/config.mirror';

export async function checkPod(request: AdmissionRequest, node: string, context: AdmissionContext): Promise<void> {
  switch (request.subresource) {
    case '':
      return checkObject(request, node, context);
    case 'status':
      return checkStatus(request, node);
    case 'eviction':
      return checkEviction(request, node, context);
    default:
      throw refusal(
        request,
        `unexpected pod subresource ${JSON.stringify(request.subresource)}, only 'status' and 'eviction' are allowed`,
      );
  }
}

async function checkObject(request: AdmissionRequest, node: string, context: AdmissionContext): Promise<void> {
  if (request.operation === 'CREATE') return checkCreate(request, node, context);
  if (request.operation === 'DELETE') {
    // Pods of a collection come without their names, by which upstream finds none; they stay.
    if (request.name === '') throw notFound({ group: '', kind: 'pod' }, '');
    return checkBound(request, node, 'delete pods');
  }
  throw refusal(
    request,
    `unexpected operation ${JSON.stringify(request.operation)}, node ${JSON.stringify(node)} can only create and delete mirror pods`,
  );
}

async function checkEviction(request: AdmissionRequest, node: string, context: AdmissionContext): Promise<void> {
  const { namespace, name } = request;
  const pod = await liveObject<Pod>(context, { resource: 'pods', namespace, name });
  // The plugin's own look-up fails first, and it names the kind.
  if (!pod) throw notFound({ group: '', kind: 'pod' }, name);
  if (pod.spec?.nodeName !== node) {
    throw refusal(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
  }
}

function checkBound(request: AdmissionRequest, node: string, what: string): void {
  if ((request.oldObject as Pod | undefined)?.spec?.nodeName === node) return;
  throw refusal(request, `node ${JSON.stringify(node)} can only ${what} with spec.nodeName set to itself`);
}

function checkStatus(request: AdmissionRequest, node: string): void {
  checkBound(request, node, 'update pod status for pods');
  const pod = request.object as Pod;
  const old = request.oldObject as Pod;
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
  const who = `node ${JSON.stringify(node)} cannot update`;
  if (!same(sorted(pod.metadata.labels), sorted(old.metadata.labels))) {
    throw refusal(request, `${who} labels through pod status`);
  }
  if (!same(pod.status?.resourceClaimStatuses, old.status?.resourceClaimStatuses)) {
    throw refusal(request, `${who} resource claim statues`);
  }
  if (!same(pod.status?.extendedResourceClaimStatus, old.status?.extendedResourceClaimStatus)) {
    throw refusal(request, `${who} extended resource claim status`);
  }
}

const sorted = (labels: Record<string, string> | undefined): unknown =>
  Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

async function checkCreate(request: AdmissionRequest, node: string, context: AdmissionContext): Promise<void> {
  const pod = request.object as Pod;
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
  if (!referenced) return;
  if (referenced.unknown) throw refusal(request, `error checking mirror pod for API references: ${referenced.unknown}`);
  throw refusal(request, `${who} can not create pods that reference ${referenced.what}`);
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
  if (!own) throw notFound({ group: '', kind: 'node' }, node);
  if (own.metadata.uid !== owner.uid) {
    throw refusal(request, `node ${node} UID mismatch: expected ${owner.uid} got ${own.metadata.uid}`);
  }
}

interface Reference {
  what?: string;
  /** Why it cannot be told what is referred to. */
  unknown?: string;
}

/** What of the cluster's objects the pod would open to the node; undefined for nothing. Upstream: HasAPIObjectReference. */
function reference(spec: PodSpec): Reference | undefined {
  if (spec.serviceAccountName) return { what: 'serviceaccounts' };
  const { secrets, configMaps } = podReferences(spec);
  if (secrets.size > 0) return { what: 'secrets' };
  if (configMaps.size > 0) return { what: 'configmaps' };
  if (spec.resourceClaims?.length) return { what: 'resourceclaims' };
  for (const volume of spec.volumes ?? []) {
    const found = volumeReference(volume);
    if (found) return found;
  }
  return undefined;
}

const REFERRING_VOLUMES: readonly (readonly [source: keyof Volume, what: string])[] = [
  ['configMap', 'configmaps (via configmap volumes)'],
  ['secret', 'secrets (via secret volumes)'],
  ['csi', 'csidrivers (via CSI volumes)'],
  ['glusterfs', 'endpoints (via glusterFS volumes)'],
  ['persistentVolumeClaim', 'persistentvolumeclaims'],
  ['ephemeral', 'persistentvolumeclaims (via ephemeral volumes)'],
  ['azureFile', 'secrets (via azureFile volumes)'],
];
const REFERRING_PROJECTIONS: readonly (readonly [source: keyof VolumeProjection, what: string])[] = [
  ['configMap', 'configmaps (via projected volumes)'],
  ['secret', 'secrets (via projected volumes)'],
  ['serviceAccountToken', 'serviceaccounts (via projected volumes)'],
  ['clusterTrustBundle', 'clustertrustbundles'],
  ['podCertificate', 'podcertificates'],
];

function volumeReference(volume: Volume): Reference | undefined {
  const direct = REFERRING_VOLUMES.find(([source]) => volume[source]);
  if (direct) return { what: direct[1] };
  for (const projection of volume.projected?.sources ?? []) {
    const found = REFERRING_PROJECTIONS.find(([source]) => projection[source]);
    if (found) return { what: found[1] };
    if (!projection.downwardAPI)
      return { unknown: `unknown source for projected volume ${JSON.stringify(volume.name)}` };
  }
  return undefined;
}
