/**
 * What storage promises to the server above it. SPEC.md beside this file states the rules by id; both
 * implementations pass one suite. A shard holds the objects of some resources of one cluster.
 *
 * Objects travel as encoded text. The only thing storage writes into it is the resourceVersion, at a position
 * the encoder names, because only the shard knows the revision.
 */

/** Where an object lives. `resource` is `pods` or `deployments.apps`; `namespace` is '' at cluster scope. */
export interface ObjectKey {
  resource: string;
  namespace: string;
  name: string;
}

/** What selectors, indexes and consumers may know of an object without parsing it. */
export interface Projection {
  uid: string;
  labels: Record<string, string>;
  /** Selectable fields beyond name and namespace. */
  fields: Record<string, string>;
  /** Names of `fields` that the shard indexes. */
  indexed: string[];
  owners: { apiVersion: string; kind: string; name: string; uid: string; controller: boolean }[];
  /** True once deletionTimestamp is set. */
  deleting: boolean;
  /** Left out when there are none. */
  finalizers?: string[];
}

export interface EncodedObject {
  /** The JSON of the object in its storage version with `"resourceVersion":""` inside metadata. */
  text: string;
  /** Index in `text` just after the opening quote of the empty resourceVersion. */
  revisionAt: number;
  projection: Projection;
  /** Values no other object of the shard may hold, such as `nodePort/TCP/30080`; released when the object goes. */
  claims?: string[];
}

export interface StoredObject {
  key: ObjectKey;
  /** Revision of the last write: the resourceVersion. */
  revision: number;
  /** Complete JSON, resourceVersion included. */
  text: string;
}

export interface Precondition {
  /** Must equal the revision of the last write. */
  revision?: number;
  uid?: string;
}

export type WriteOp =
  | { type: 'create'; key: ObjectKey; object: EncodedObject }
  | { type: 'update'; key: ObjectKey; object: EncodedObject; expect?: Precondition }
  /** `object` is the final state that the DELETED event carries; without it, the stored state with the new revision. */
  | { type: 'delete'; key: ObjectKey; expect?: Precondition; object?: EncodedObject }
  /** Writes nothing; the transaction fails when the precondition does not hold or the object is absent. */
  | { type: 'check'; key: ObjectKey; expect: Precondition };

/** All operations take effect at one revision, or none does. */
export interface Transaction {
  /** Unique per intent: a retried call with the same id is applied once (TX-3). */
  id: string;
  ops: WriteOp[];
}

export type TransactionResult =
  | { ok: true; revision: number; objects: (StoredObject | null)[]; tracked: number }
  | {
      ok: false;
      /** Index of the first operation that failed. */
      op: number;
      why: 'AlreadyExists' | 'NotFound' | 'RevisionMismatch' | 'UidMismatch' | 'ClaimTaken' | 'TooLarge' | 'Full';
      /** The object that stands in the way, where there is one. */
      current?: StoredObject;
      claim?: string;
      tracked: number;
    };

export interface LabelRequirement {
  key: string;
  operator: 'in' | 'notin' | 'exists' | 'absent' | 'gt' | 'lt';
  values: string[];
}

/** `metadata.name` and `metadata.namespace` are allowed besides the projected fields. */
export interface FieldRequirement {
  field: string;
  operator: '=' | '!=';
  value: string;
}

export interface Selection {
  resource: string;
  /** Undefined: all namespaces. */
  namespace?: string;
  labels?: LabelRequirement[];
  fields?: FieldRequirement[];
  /** Only objects that name this UID among their owners. */
  owner?: string;
}

export interface ListQuery extends Selection {
  /** At most this many objects. */
  limit?: number;
  /** Go on after this key, at this revision. */
  after?: { namespace: string; name: string };
  /** With `after` or `exact`: the revision to read at; else the lowest acceptable one. */
  revision?: number;
  exact?: boolean;
  /** Stop a page before its text exceeds this many characters (at least one object is returned). */
  maxCharacters?: number;
}

export type ListResult =
  | {
      ok: true;
      /** The revision of the snapshot. */
      revision: number;
      /** Objects in key order (namespace, name), as JSON texts joined by commas. */
      text: string;
      count: number;
      /** Set when more objects follow. */
      next?: { namespace: string; name: string };
      /** Objects after this page, unless a label or field selector was given. */
      remaining?: number;
      tracked: number;
    }
  /** `revision` was compacted away (410), or is in the future (504). */
  | { ok: false; why: 'Expired' | 'TooLarge'; revision: number; tracked: number };

export interface GetResult {
  object: StoredObject | null;
  revision: number;
  tracked: number;
}

export interface WatchQuery extends Selection {
  /**
   * Events after this revision; undefined starts with the present state as ADDED events. With `initialEvents` the oldest
   * state to start from: the watch fails where storage has not reached it.
   */
  since?: number;
  /** Start with the present state and end it with a bookmark annotated k8s.io/initial-events-end. */
  initialEvents?: boolean;
  bookmarks: boolean;
  /** For bookmarks. */
  apiVersion: string;
  kind: string;
  /** What an object of the kind has besides its metadata though it is empty: members of a JSON object, as text. */
  emptyFields?: string;
}

/**
 * A running watch. Frames hold one or more lines of the upstream watch format,
 * `{"type":"ADDED","object":{…}}\n`, where objects are storage-version JSON.
 */
export interface WatchStream {
  /** Called in order; set both before the current task ends. A promise says when the frame has been passed on. */
  onFrame: (frame: string) => void | Promise<void>;
  /** The watch ended on the storage side; `why` is a short reason. */
  onClose: (why: string) => void;
  /** Asks for a bookmark now, besides the regular ones; it comes as a frame once the watch is live. */
  requestBookmark(): void;
  close(): void;
}

/** One committed change, as consumers (controllers, scheduler) get it from the outbox, at least once, in order. */
export interface Change {
  revision: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  key: ObjectKey;
  projection: Projection;
  /** Projection before the change (MODIFIED only). */
  old?: Projection;
}

export interface ChangesQuery {
  resources: string[];
  /** Undefined: everything. */
  since?: number;
}

/** Objects of some resources that changed after a revision; `text` is null where the object is gone. */
export type ChangesResult =
  | {
      ok: true;
      revision: number;
      tracked: number;
      changes: { key: ObjectKey; revision: number; text: string | null }[];
    }
  | { ok: false; why: 'Expired' };

export interface DependentObject {
  key: ObjectKey;
  /** Of the last write. */
  revision: number;
  projection: Projection;
}

/**
 * One shard, as the server sees it. Every answer carries `tracked`: the revision of the last write to a resource that
 * the server caches, so that a cache learns it is stale from any call it makes.
 */
export interface Shard {
  get(key: ObjectKey): Promise<GetResult>;
  list(query: ListQuery): Promise<ListResult>;
  transact(transaction: Transaction): Promise<TransactionResult>;
  /** Resolves when the watch is registered, so that no later write is missed. */
  watch(query: WatchQuery): Promise<WatchStream>;
  changes(query: ChangesQuery): Promise<ChangesResult>;
  revision(): Promise<number>;
  /** Objects of any resource that name `owner` (a UID) among their owners. Absent: `list` by owner answers it. */
  dependents?(owner: string): Promise<DependentObject[]>;
}

/** The shards of one cluster. */
export interface Store {
  /** The shard that holds a resource, by the cluster's shard map. */
  shardOf(resource: string): Shard;
}

/** SIZE-1: the largest object text, in characters that are checked as UTF-8 bytes. */
export const MAX_OBJECT_BYTES = 1_572_864;
