import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';

/** What a change tells of an object without its text; storage's Projection has this shape. */
export interface Projected {
  uid: string;
  labels: Record<string, string>;
  fields: Record<string, string>;
  owners: { apiVersion: string; kind: string; name: string; uid: string; controller: boolean }[];
  deleting: boolean;
  finalizers?: string[];
}

/** One committed change as the outbox delivers it: at least once, in the order of the shard. */
export interface Change {
  revision: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  key: { resource: string; namespace: string; name: string };
  projection: Projected;
  /** Before the change (MODIFIED only). */
  old?: Projected;
}

/** The change that an existing object would have arrived with, for resyncs. */
export function changeOfObject(kind: Kind, object: KubeObject): Change {
  const { metadata } = object;
  return {
    revision: Number(metadata.resourceVersion ?? 0),
    type: 'ADDED',
    key: {
      resource: kind.storedAs,
      namespace: metadata.namespace ?? '',
      name: metadata.name ?? '',
    },
    projection: {
      uid: metadata.uid ?? '',
      labels: metadata.labels ?? {},
      fields: kind.fieldsOf?.(object) ?? {},
      owners: (metadata.ownerReferences ?? []).map(({ apiVersion, kind, name, uid, controller }) => ({
        apiVersion,
        kind,
        name,
        uid,
        controller: controller === true,
      })),
      deleting: metadata.deletionTimestamp !== undefined,
      ...(metadata.finalizers?.length ? { finalizers: metadata.finalizers } : {}),
    },
  };
}

/** `namespace/name`, or `name` at cluster scope. */
export function formatKey(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** The reverse of `formatKey`. */
export function parseKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash === -1 ? { namespace: '', name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** `keys` of a watch: the changed object itself. */
export function keyOfObject(change: Change): string[] {
  return [formatKey(change.key.namespace, change.key.name)];
}

/** `keys` of a watch: the controlling owner of a kind, before and after the change. */
export function keyOfOwner(group: string, kind: string): (change: Change) => string[] {
  return (change) => {
    const keys = new Set<string>();
    for (const state of [change.projection, change.old]) {
      const owner = state?.owners.find((o) => o.controller);
      if (owner && owner.kind === kind && groupOf(owner.apiVersion) === group) {
        keys.add(formatKey(change.key.namespace, owner.name));
      }
    }
    return [...keys];
  };
}

/** Whether some object manages the changed one. */
export function hasController(change: Change): boolean {
  return change.projection.owners.some((owner) => owner.controller);
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}
