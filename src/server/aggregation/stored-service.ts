/** Writes API services as the server itself, each write one step that fails when somebody else was faster. */
import { type APIService, apiServices } from '../../kinds/index.ts';
import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { apiTime } from '../../machinery/time.ts';
import type { ServerParts } from '../scope.ts';
import { commit } from '../verbs/commit.ts';
import type { Availability } from './availability.ts';

const MANAGER = 'kube-apiserver';
const kind: Kind = apiServices;
const keyOf = (name: string) => ({ resource: apiServices.storedAs, namespace: '', name });

interface Stored {
  object: APIService;
  revision: number;
}

async function read(parts: ServerParts, name: string): Promise<Stored | undefined> {
  const key = keyOf(name);
  const { object, tracked } = await parts.options.store.shardOf(key.resource).get(key);
  parts.config.observe(tracked, key.resource);
  return object ? { object: JSON.parse(object.text) as APIService, revision: object.revision } : undefined;
}

/** Keeps what a check found. A check that found nothing new writes nothing; one that is late loses. */
export async function writeAvailability(parts: ServerParts, name: string, found: Availability): Promise<void> {
  const stored = await read(parts, name);
  if (!stored || stored.object.metadata.deletionTimestamp) return;
  const changed = structuredClone(stored.object);
  const conditions = changed.status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === 'Available');
  const same = before?.status === found.status;
  if (same && before.reason === found.reason && before.message === found.message) return;
  const now = parts.options.clock.now();
  const condition = {
    type: 'Available',
    status: found.status,
    lastTransitionTime: same ? before.lastTransitionTime : apiTime(now),
    reason: found.reason,
    message: found.message,
  };
  changed.status = {
    ...changed.status,
    conditions: [...conditions.filter(({ type }) => type !== 'Available'), condition],
  };
  const object: KubeObject = changed;
  const live: KubeObject = stored.object;
  parts.fieldOwners.recordUpdate({ kind, object, live, manager: MANAGER, subresource: 'status', now });
  await commit(parts, {
    ...{ type: 'update', kind, key: keyOf(name), object, attached: [] },
    expect: { revision: stored.revision },
  });
}

/** A new object; nothing happens where there is one. */
export async function createService(parts: ServerParts, service: APIService): Promise<void> {
  const now = parts.options.clock.now();
  const object: KubeObject = structuredClone(service);
  object.metadata.uid = parts.options.random.uuid();
  object.metadata.creationTimestamp = apiTime(now);
  parts.fieldOwners.recordUpdate({ kind, object, live: undefined, manager: MANAGER, subresource: '', now });
  await commit(parts, { type: 'create', kind, key: keyOf(object.metadata.name ?? ''), object, attached: [] });
}

/** Gives an object another spec. */
export async function updateSpec(parts: ServerParts, name: string, spec: APIService['spec']): Promise<void> {
  const stored = await read(parts, name);
  if (!stored) return;
  const object: KubeObject = { ...stored.object, spec };
  const live: KubeObject = stored.object;
  const now = parts.options.clock.now();
  parts.fieldOwners.recordUpdate({ kind, object, live, manager: MANAGER, subresource: '', now });
  const expect = { revision: stored.revision };
  await commit(parts, { type: 'update', kind, key: keyOf(name), object, attached: [], expect });
}

/** Removes an object that nobody has made anew since. */
export async function removeService(parts: ServerParts, name: string, uid: string): Promise<void> {
  const stored = await read(parts, name);
  if (stored?.object.metadata.uid !== uid) return;
  const expect = { revision: stored.revision };
  await commit(parts, { type: 'delete', kind, key: keyOf(name), object: undefined, attached: [], expect });
}
