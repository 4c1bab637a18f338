/** The typed client: what controllers, scheduler, agent and CLI use to talk to an API server. */
import type { KindRef } from '../machinery/kind.ts';
import type { KubeList, KubeObject } from '../machinery/meta.ts';

/** `fetch`-like: how requests travel. In-process (`server.fetch` with a caller) or over HTTPS with a token. */
export type Transport = (request: Request) => Promise<Response>;

export interface NamespacedName {
  /** Left out at cluster scope. */
  namespace?: string;
  name: string;
}

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  resourceVersion?: string;
  resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

export interface WriteOptions {
  dryRun?: boolean;
  fieldManager?: string;
  subresource?: string;
}

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: boolean;
}

export type PatchType = 'json' | 'merge' | 'strategic';

export interface WatchEvent<T = KubeObject> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T;
}

export interface WatchOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  sendInitialEvents?: boolean;
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

/** Every method throws a StatusError (machinery/status) for an answer that is not 2xx. */
export interface Client {
  get<T extends KubeObject>(kind: KindRef<T>, key: NamespacedName): Promise<T>;
  /** `get`, with undefined for 404. */
  find<T extends KubeObject>(kind: KindRef<T>, key: NamespacedName): Promise<T | undefined>;
  /** All pages. */
  list<T extends KubeObject>(kind: KindRef<T>, options?: ListOptions): Promise<KubeList<T>>;
  create<T extends KubeObject>(kind: KindRef<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Creates a subresource of an object (binding, eviction, token). */
  createSubresource<R>(kind: KindRef, key: NamespacedName, subresource: string, body: unknown): Promise<R>;
  update<T extends KubeObject>(kind: KindRef<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(
    kind: KindRef<T>,
    key: NamespacedName,
    patch: unknown,
    options?: WriteOptions & { type?: PatchType },
  ): Promise<T>;
  apply<T extends KubeObject>(
    kind: KindRef<T>,
    object: unknown,
    options: WriteOptions & { fieldManager: string; force?: boolean },
  ): Promise<T>;
  delete(kind: KindRef, key: NamespacedName, options?: DeleteOptions): Promise<void>;
  /** One watch connection: ends when the server ends it; throws StatusError 410 when the version is too old. */
  watch<T extends KubeObject>(kind: KindRef<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** A request of any other form, with the client's credentials. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}
