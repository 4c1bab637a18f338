/**
 * Which objects the pods of a node refer to. Built from the node's pods by the index on spec.nodeName, and kept for a
 * moment, so that an agent that reads many objects costs one list. Upstream: authorizer/node/graph.go.
 */
import type { Clock } from '../../base/clock.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, PodSpec, Volume } from '../../kinds/index.ts';
import type { ObjectKey, Store } from '../../storage/contract.ts';

export interface NodeGraph {
  /** Whether the object (resource as in storage) is reachable from a pod bound to the node. */
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
const HIT_TRUSTED_FOR_MS = 5_000;
const MAX_NODES = 1_024;

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

  return {
    async isRelated(node, key) {
      const text = keyText(key);
      const reach = known.get(node);
      if (reach) {
        const age = clock.now() - reach.builtAt;
        if (reach.keys.has(text) ? age < HIT_TRUSTED_FOR_MS : age < MISS_TRUSTED_FOR_MS) return reach.keys.has(text);
      }
      return (await build(node)).keys.has(text);
    },
  };
}

async function collect(node: string, store: Store): Promise<Set<string>> {
  const keys = new Set<string>();
  const claims: ObjectKey[] = [];
  for (const pod of await podsOf(node, store)) addPod(pod, keys, claims);
  await Promise.all(claims.map((claim) => addClaim(claim, store, keys)));
  await addAttachments(node, store, keys);
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
  add('pods', pod.metadata.name);
  // A mirror pod was made by the node itself and must not open other objects to it.
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return;
  const spec = pod.spec as PodSpec;
  add('serviceaccounts', spec.serviceAccountName);
  for (const secret of spec.imagePullSecrets ?? []) add('secrets', secret.name);
  for (const container of [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ]) {
    for (const source of container.envFrom ?? []) {
      add('secrets', source.secretRef?.name);
      add('configmaps', source.configMapRef?.name);
    }
    for (const variable of container.env ?? []) {
      add('secrets', variable.valueFrom?.secretKeyRef?.name);
      add('configmaps', variable.valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) {
    addVolume(volume, add);
    const claim = claimName(volume, pod.metadata.name ?? '');
    if (claim) claims.push({ resource: 'persistentvolumeclaims', namespace, name: claim });
  }
  for (const status of pod.status?.resourceClaimStatuses ?? [])
    add('resourceclaims.resource.k8s.io', status.resourceClaimName);
  for (const claim of spec.resourceClaims ?? []) add('resourceclaims.resource.k8s.io', claim.resourceClaimName);
}

function claimName(volume: Volume, pod: string): string | undefined {
  if (volume.persistentVolumeClaim) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral ? `${pod}-${volume.name}` : undefined;
}

type Add = (resource: string, name: string | undefined) => void;

function addVolume(volume: Volume, add: Add): void {
  add('secrets', volume.secret?.secretName);
  add('configmaps', volume.configMap?.name);
  for (const source of volume.projected?.sources ?? []) {
    add('secrets', source.secret?.name);
    add('configmaps', source.configMap?.name);
  }
  const secretRefs = [
    volume.azureFile?.secretName,
    volume.cephfs?.secretRef?.name,
    volume.cinder?.secretRef?.name,
    volume.csi?.nodePublishSecretRef?.name,
    volume.flexVolume?.secretRef?.name,
    volume.iscsi?.secretRef?.name,
    volume.rbd?.secretRef?.name,
    volume.scaleIO?.secretRef?.name,
    volume.storageos?.secretRef?.name,
  ];
  for (const name of secretRefs) add('secrets', name);
}

async function addClaim(key: ObjectKey, store: Store, keys: Set<string>): Promise<void> {
  keys.add(keyText(key));
  const found = await store.shardOf(key.resource).get(key);
  const volumeName = found.object
    ? (JSON.parse(found.object.text) as PersistentVolumeClaim).spec?.volumeName
    : undefined;
  if (!volumeName) return;
  const volumeKey = { resource: 'persistentvolumes', namespace: '', name: volumeName };
  keys.add(keyText(volumeKey));
  const volume = await store.shardOf('persistentvolumes').get(volumeKey);
  if (volume.object) addVolumeSecrets(JSON.parse(volume.object.text) as PersistentVolume, key.namespace, keys);
}

function addVolumeSecrets(volume: PersistentVolume, claimNamespace: string, keys: Set<string>): void {
  const spec = volume.spec ?? {};
  // A volume's claim may sit in another namespace only when the volume says so.
  const home = spec.claimRef?.namespace ?? claimNamespace;
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

interface Attachment {
  metadata: { name?: string };
  spec?: { nodeName?: string };
}

async function addAttachments(node: string, store: Store, keys: Set<string>): Promise<void> {
  const resource = 'volumeattachments.storage.k8s.io';
  const page = await store.shardOf(resource).list({ resource });
  if (!page.ok || page.count === 0) return;
  for (const attachment of JSON.parse(`[${page.text}]`) as Attachment[]) {
    const { name } = attachment.metadata;
    if (attachment.spec?.nodeName === node && name) keys.add(keyText({ resource, namespace: '', name }));
  }
}
