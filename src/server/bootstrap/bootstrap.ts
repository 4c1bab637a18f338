/** Creates and repairs the objects every cluster has. Upstream: the post-start hooks of kube-apiserver. */
import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { apiTime } from '../../machinery/time.ts';
import type { ObjectKey, Shard, WriteOp } from '../../storage/contract.ts';
import type { ConfigCache, KindRegistry, ServerOptions } from '../contract.ts';
import { encodeObject } from '../encode.ts';
import { bootstrapObjects, EXTENSION_AUTHENTICATION } from './objects.ts';

export interface BootstrapDeps {
  options: ServerOptions;
  kinds: KindRegistry;
  config: ConfigCache;
  aggregateRoles: boolean;
}

/** Names the release that last completed the objects. */
const MARKER: ObjectKey = { resource: 'configmaps', namespace: 'kube-system', name: 'kedge-bootstrap' };
const MAX_OPS = 100;
const MAX_TRIES = 5;
const AUTOUPDATE_RBAC = 'rbac.authorization.kubernetes.io/autoupdate';
const AUTOUPDATE_FLOW = 'apf.kubernetes.io/autoupdate-spec';
const AUTOMANAGED_API_SERVICE = 'kube-aggregator.kubernetes.io/automanaged';

interface Wanted {
  kind: Kind;
  key: ObjectKey;
  object: KubeObject;
}

/**
 * Creates what is missing, and completes what a newer release widened, in as few calls as there are resources, plus
 * one transaction per hundred changes. Idempotent. When this release has done so before and nothing that the
 * configuration cache knows is missing, that is two reads.
 */
export async function bootstrapCluster(deps: BootstrapDeps): Promise<void> {
  const { options } = deps;
  const wanted = await wantedObjects(deps);
  if (await isComplete(wanted, deps)) return;
  for (let attempt = 1; ; attempt++) {
    const changes = await planChanges(wanted, deps);
    const done = await applyChanges(changes, options);
    if (done) return;
    if (attempt === MAX_TRIES) throw new Error('the bootstrap objects keep changing while they are being created');
  }
}

async function isComplete(wanted: readonly Wanted[], { options, config, kinds }: BootstrapDeps): Promise<boolean> {
  const marker = await options.store.shardOf(MARKER.resource).get(MARKER);
  if (!marker.object) return false;
  const { data } = JSON.parse(marker.object.text) as { data?: Record<string, string> };
  if (data?.release !== options.gitVersion) return false;
  const snapshot = await config.fresh();
  return wanted.every(
    ({ key }) =>
      !kinds.byStored(key.resource)?.cached || snapshot.get(key.resource, key.namespace, key.name) !== undefined,
  );
}

async function wantedObjects({ options, kinds, aggregateRoles }: BootstrapDeps): Promise<Wanted[]> {
  const { caCertificate, frontProxy } = await options.keys();
  const objects = bootstrapObjects({
    settings: options.settings,
    caCertificate,
    frontProxyCa: frontProxy?.certificate,
    aggregateRoles,
    now: options.clock.now(),
  });
  const marker: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: MARKER.name, namespace: MARKER.namespace },
    data: { release: options.gitVersion },
  };
  return [...objects, ...(options.bootstrapExtras ?? []), marker].flatMap((object) => {
    const [group, version] = splitApiVersion(object.apiVersion ?? '');
    const kind = kinds.byKind(group, version, object.kind ?? '');
    if (!kind) return [];
    const { namespace = '', name = '' } = object.metadata;
    return [{ kind, object, key: { resource: kind.storedAs, namespace, name } }];
  });
}

function splitApiVersion(apiVersion: string): [string, string] {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

/** Operations by shard; one list per resource tells what is there. */
async function planChanges(wanted: readonly Wanted[], deps: BootstrapDeps): Promise<Map<Shard, WriteOp[]>> {
  const { store } = deps.options;
  const present = new Map<string, KubeObject>();
  const resources = [...new Set(wanted.map(({ key }) => key.resource))];
  await Promise.all(
    resources.map(async (resource) => {
      // Only a few namespaces hold such objects, but all of cluster scope is read at once.
      const namespaces = new Set(wanted.filter(({ key }) => key.resource === resource).map(({ key }) => key.namespace));
      for (const namespace of namespaces) {
        const page = await store.shardOf(resource).list({ resource, namespace });
        if (!page.ok) throw new Error(`${resource} could not be listed: ${page.why}`);
        for (const object of JSON.parse(`[${page.text}]`) as KubeObject[]) {
          present.set(`${resource}/${namespace}/${object.metadata.name}`, object);
        }
      }
    }),
  );
  const changes = new Map<Shard, WriteOp[]>();
  for (const item of wanted) {
    const { resource, namespace, name } = item.key;
    const op = planChange(item, present.get(`${resource}/${namespace}/${name}`), deps.options);
    if (!op) continue;
    const shard = store.shardOf(resource);
    const ops = changes.get(shard);
    if (ops) ops.push(op);
    else changes.set(shard, [op]);
  }
  return changes;
}

function planChange(
  { kind, key, object }: Wanted,
  present: KubeObject | undefined,
  options: ServerOptions,
): WriteOp | undefined {
  if (!present) {
    const created = apiTime(options.clock.now());
    const metadata = { ...object.metadata, uid: options.random.uuid(), creationTimestamp: created };
    return { type: 'create', key, object: encodeObject(kind, { ...object, metadata }) };
  }
  const repaired = REPAIRS[object.kind ?? '']?.(object, present);
  if (!repaired) return undefined;
  const revision = Number(present.metadata.resourceVersion);
  return { type: 'update', key, object: encodeObject(kind, repaired), expect: { revision } };
}

/** The present object completed, or undefined when it needs nothing. */
type Repair = (wanted: KubeObject, present: KubeObject) => KubeObject | undefined;

/** Configuration that nobody else writes. */
const OWN_CONFIG = new Set([MARKER.name, EXTENSION_AUTHENTICATION]);

/** What users added is kept, and so is what they said to leave alone. */
const REPAIRS: Readonly<Record<string, Repair>> = {
  Role: repairRules,
  ClusterRole: repairRules,
  RoleBinding: repairSubjects,
  ClusterRoleBinding: repairSubjects,
  FlowSchema: repairFlow,
  PriorityLevelConfiguration: repairFlow,
  APIService: (wanted, present) =>
    AUTOMANAGED_API_SERVICE in (present.metadata.labels ?? {}) ? withSpec(present, wanted) : undefined,
  ConfigMap: (wanted, present) =>
    OWN_CONFIG.has(wanted.metadata.name ?? '') && canonical(present.data) !== canonical(wanted.data)
      ? { ...present, data: wanted.data }
      : undefined,
};

const updatesRbac = ({ metadata }: KubeObject): boolean => metadata.annotations?.[AUTOUPDATE_RBAC] !== 'false';

function repairRules(wanted: KubeObject, present: KubeObject): KubeObject | undefined {
  return updatesRbac(present) && !wanted.aggregationRule ? addMissing(present, wanted, 'rules') : undefined;
}

function repairSubjects(wanted: KubeObject, present: KubeObject): KubeObject | undefined {
  return updatesRbac(present) ? addMissing(present, wanted, 'subjects') : undefined;
}

function repairFlow(wanted: KubeObject, present: KubeObject): KubeObject | undefined {
  return present.metadata.annotations?.[AUTOUPDATE_FLOW] === 'true' ? withSpec(present, wanted) : undefined;
}

/** The present object with the entries of a list field that only the wanted one has. */
function addMissing(present: KubeObject, wanted: KubeObject, field: 'rules' | 'subjects'): KubeObject | undefined {
  const have = (present[field] ?? []) as unknown[];
  const known = new Set(have.map(canonical));
  const missing = ((wanted[field] ?? []) as unknown[]).filter((entry) => !known.has(canonical(entry)));
  return missing.length > 0 ? { ...present, [field]: [...have, ...missing] } : undefined;
}

function withSpec(present: KubeObject, wanted: KubeObject): KubeObject | undefined {
  return canonical(present.spec) === canonical(wanted.spec) ? undefined : { ...present, spec: wanted.spec };
}

/** Text that does not depend on the order of fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** False when somebody else wrote at the same time: then plan anew. */
async function applyChanges(changes: Map<Shard, WriteOp[]>, options: ServerOptions): Promise<boolean> {
  for (const [shard, ops] of changes) {
    for (let at = 0; at < ops.length; at += MAX_OPS) {
      const batch = ops.slice(at, at + MAX_OPS);
      const result = await shard.transact({ id: options.random.uuid(), ops: batch });
      if (result.ok) continue;
      if (result.why === 'TooLarge' || result.why === 'Full')
        throw new Error(`bootstrap objects refused: ${result.why}`);
      return false;
    }
  }
  return true;
}
