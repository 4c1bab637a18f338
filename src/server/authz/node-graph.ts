/**
 * Which objects belong to a node or to its pods. Objects that name their node or claim are asked themselves; what pods
 * refer to is collected by the index on spec.nodeName and kept for a moment, so that an agent that reads many objects
 * costs one list. Upstream: authorizer/node/graph.go.
 */
import type { Clock } from '../../base/clock.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, PodSpec } from '../../kinds/index.ts';
import type { ObjectKey, Store } from '../../storage/contract.ts';
import { claimName, podReferences } from './pod-references.ts';

export interface NodeGraph {
  /** Whether the object (resource as in storage) is the node's own or reachable from a pod bound to it. */
  isRelated(node: string, key: ObjectKey): Promise<boolean>;
}

interface Reach {
  /** `resource/namespace/name` of everything reachable. */
  keys: Set<string>;
  builtAt: number;
}

/** An object that is not found is looked for anew when what is known is older than this. */
const MISS_TRUSTED_FOR_MS = 100;
/** What is found is trusted this long, after the pod may have gone. */
const HIT_TRUSTED_FOR_MS = 500;
const MAX_NODES = 1_024;
const RESOURCE_CLAIMS = 'resourceclaims.resource.k8s.io';
const VOLUMES = 'persistentvolumes';
const NAMES_ITS_NODE = new Set(['pods', 'resourceslices.resource.k8s.io', 'volumeattachments.storage.k8s.io']);

const keyText = ({ resource, namespace, name }: ObjectKey): string => `${resource}/${namespace}/${name}`;

export function createNodeGraph(store: Store, clock: Clock): NodeGraph {
  const known = new Map<string, Reach>();

  // Each caller builds for itself: in a Worker, a promise of another request dies with that request.
  const build = async (node: string): Promise<Reach> => {
    const builtAt = clock.now();
    const reach = { keys: await collect(node, store), builtAt };
    if (known.size >= MAX_NODES) known.delete(known.keys().next().value as string);
    known.set(node, reach);
    return reach;
  };

  const isReachable = async (node: string, key: ObjectKey): Promise<boolean> => {
    const text = keyText(key);
    const reach = known.get(node);
    if (reach) {
      const age = clock.now() - reach.builtAt;
      if (reach.keys.has(text) ? age < HIT_TRUSTED_FOR_MS : age < MISS_TRUSTED_FOR_MS) return reach.keys.has(text);
    }
    return (await build(node)).keys.has(text);
  };

  return {
    async isRelated(node, key) {
      if (NAMES_ITS_NODE.has(key.resource)) {
        const object = await read<{ spec?: { nodeName?: string } }>(store, key);
        return object?.spec?.nodeName === node;
      }
      if (key.resource !== VOLUMES) return isReachable(node, key);
      const claim = (await read<PersistentVolume>(store, key))?.spec?.claimRef;
      if (!claim) return false;
      return isReachable(node, {
        resource: 'persistentvolumeclaims',
        namespace: claim.namespace ?? '',
        name: claim.name ?? '',
      });
    },
  };
}

async function read<T>(store: Store, key: ObjectKey): Promise<T | undefined> {
  const found = await store.shardOf(key.resource).get(key);
  return found.object ? (JSON.parse(found.object.text) as T) : undefined;
}

async function collect(node: string, store: Store): Promise<Set<string>> {
  const keys = new Set<string>();
  const claims: ObjectKey[] = [];
  for (const pod of await podsOf(node, store)) addPod(pod, keys, claims);
  await Promise.all(claims.map((claim) => addClaim(claim, store, keys)));
  return keys;
}

async function podsOf(node: string, store: Store): Promise<Pod[]> {
  const pods: Pod[] = [];
  let after: { namespace: string; name: string } | undefined;
  let revision: number | undefined;
  do {
    const page = await store.shardOf('pods').list({
      resource: 'pods',
      fields: [{ field: 'spec.nodeName', operator: '=', value: node }],
      limit: 500,
      ...(after ? { after, revision } : {}),
    });
    if (!page.ok) throw new Error(`pods of a node could not be listed: ${page.why}`);
    pods.push(...(JSON.parse(`[${page.text}]`) as Pod[]));
    after = page.next;
    revision = page.revision;
  } while (after);
  return pods;
}

function addPod(pod: Pod, keys: Set<string>, claims: ObjectKey[]): void {
  const namespace = pod.metadata.namespace ?? '';
  const add = (resource: string, name: string | undefined): void => {
    if (name) keys.add(keyText({ resource, namespace, name }));
  };
  // A mirror pod was made by the node itself and must not open other objects to it.
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return;
  const spec = pod.spec as PodSpec;
  add('serviceaccounts', spec.serviceAccountName);
  const references = podReferences(spec);
  for (const name of references.secrets) add('secrets', name);
  for (const name of references.configMaps) add('configmaps', name);
  for (const volume of spec.volumes ?? []) {
    const claim = claimName(volume, pod.metadata.name ?? '');
    if (claim) claims.push({ resource: 'persistentvolumeclaims', namespace, name: claim });
  }
  const { resourceClaimStatuses = [], extendedResourceClaimStatus } = pod.status ?? {};
  for (const claim of spec.resourceClaims ?? []) {
    const made = resourceClaimStatuses.find((status) => status.name === claim.name);
    add(RESOURCE_CLAIMS, claim.resourceClaimName ?? made?.resourceClaimName);
  }
  add(RESOURCE_CLAIMS, extendedResourceClaimStatus?.resourceClaimName);
}

/** Adds a claim and the secrets of the volume that is bound to it. */
async function addClaim(key: ObjectKey, store: Store, keys: Set<string>): Promise<void> {
  keys.add(keyText(key));
  const volumeName = (await read<PersistentVolumeClaim>(store, key))?.spec?.volumeName;
  if (!volumeName) return;
  const volume = await read<PersistentVolume>(store, { resource: VOLUMES, namespace: '', name: volumeName });
  const { namespace, name } = volume?.spec?.claimRef ?? {};
  if (volume && namespace === key.namespace && name === key.name) addVolumeSecrets(volume, key.namespace, keys);
}

function addVolumeSecrets({ spec = {} }: PersistentVolume, home: string, keys: Set<string>): void {
  const refs: ({ name?: string; namespace?: string } | null | undefined)[] = [
    spec.cephfs?.secretRef,
    spec.cinder?.secretRef,
    spec.flexVolume?.secretRef,
    spec.iscsi?.secretRef,
    spec.rbd?.secretRef,
    spec.scaleIO?.secretRef,
    spec.storageos?.secretRef,
    spec.csi?.nodePublishSecretRef,
    spec.csi?.nodeStageSecretRef,
    spec.csi?.nodeExpandSecretRef,
    spec.azureFile ? { name: spec.azureFile.secretName, namespace: spec.azureFile.secretNamespace ?? home } : undefined,
  ];
  for (const ref of refs) {
    if (ref?.name) keys.add(keyText({ resource: 'secrets', namespace: ref.namespace ?? home, name: ref.name }));
  }
}
