import { parseJson } from '../machinery/exact-numbers.ts';
import type { KindRef } from '../machinery/kind.ts';
import { apiVersionOf, type KubeList, type KubeObject } from '../machinery/meta.ts';
import { StatusError } from '../machinery/status.ts';
import type {
  Client,
  DeleteOptions,
  ListOptions,
  NamespacedName,
  PatchType,
  Transport,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
import { objectPath, queryOf } from './paths.ts';
import { statusErrorOf } from './status-of.ts';
import { readWatch } from './watch.ts';

export interface ClientOptions {
  /** How requests travel; anything `fetch`-like. */
  transport: Transport;
  /** Scheme, host and the cluster's path prefix, without a trailing slash. */
  baseURL: string;
  /** Sent with every request (Authorization, User-Agent …). */
  headers?: Readonly<Record<string, string>>;
  /** Field manager of writes that name none. */
  fieldManager?: string;
}

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

/** Objects per page of a list. Upstream: client-go/tools/pager. */
const PAGE_SIZE = 500;

/**
 * A client of one API server.
 *
 * @example
 * const client = createClient({ transport: (request) => fetch(request), baseURL: 'https://127.0.0.1:6443' });
 * const pod = await client.get(pods, { namespace: 'default', name: 'web' });
 */
export function createClient(options: ClientOptions): Client {
  return new HttpClient(options);
}

interface Call {
  method: string;
  path: string;
  body?: unknown;
  contentType?: string;
}

class HttpClient implements Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async get<T extends KubeObject>(kind: KindRef<T>, key: NamespacedName): Promise<T> {
    return this.#json<T>({ method: 'GET', path: objectPath(kind, key) });
  }

  async find<T extends KubeObject>(kind: KindRef<T>, key: NamespacedName): Promise<T | undefined> {
    try {
      return await this.get(kind, key);
    } catch (error) {
      if (error instanceof StatusError && error.code === 404) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(kind: KindRef<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const limit = options.limit ?? PAGE_SIZE;
    const first = await this.#page(kind, { ...options, limit });
    const items = first.items;
    let token = first.metadata.continue;
    while (token) {
      let page: KubeList<T>;
      try {
        page = await this.#page(kind, { ...options, limit, continue: token });
      } catch (error) {
        if (!(error instanceof StatusError) || error.code !== 410) throw error;
        // The snapshot was compacted between two pages; one unpaged list is consistent again.
        return this.#page(kind, { ...options, limit: undefined });
      }
      for (const item of page.items) items.push(item);
      token = page.metadata.continue;
    }
    const { continue: _, remainingItemCount: __, ...metadata } = first.metadata;
    return { ...first, metadata, items };
  }

  async create<T extends KubeObject>(kind: KindRef<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const path = objectPath(kind, { namespace: object.metadata.namespace, name: '' });
    return this.#json<T>({ method: 'POST', path: path + this.#writeQuery(options), body: typed(kind, object) });
  }

  async createSubresource<R>(kind: KindRef, key: NamespacedName, subresource: string, body: unknown): Promise<R> {
    const path = objectPath(kind, key, subresource) + this.#writeQuery({});
    return this.#json<R>({ method: 'POST', path, body });
  }

  async update<T extends KubeObject>(kind: KindRef<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const path = objectPath(kind, keyOf(object), options.subresource) + this.#writeQuery(options);
    return this.#json<T>({ method: 'PUT', path, body: typed(kind, object) });
  }

  async patch<T extends KubeObject>(
    kind: KindRef<T>,
    key: NamespacedName,
    patch: unknown,
    options: WriteOptions & { type?: PatchType } = {},
  ): Promise<T> {
    const path = objectPath(kind, key, options.subresource) + this.#writeQuery(options);
    const contentType = PATCH_TYPES[options.type ?? 'merge'];
    return this.#json<T>({ method: 'PATCH', path, body: patch, contentType });
  }

  async apply<T extends KubeObject>(
    kind: KindRef<T>,
    object: unknown,
    options: WriteOptions & { fieldManager: string; force?: boolean },
  ): Promise<T> {
    const body = typed(kind, object as T);
    const query = this.#writeQuery(options, { force: options.force });
    const path = objectPath(kind, keyOf(body), options.subresource) + query;
    return this.#json<T>({ method: 'PATCH', path, body, contentType: 'application/apply-patch+yaml' });
  }

  async delete(kind: KindRef, key: NamespacedName, options: DeleteOptions = {}): Promise<void> {
    const { dryRun, ...rest } = options;
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...rest, ...(dryRun ? { dryRun: ['All'] } : {}) };
    await this.#json({ method: 'DELETE', path: objectPath(kind, key), body });
  }

  async *watch<T extends KubeObject>(kind: KindRef<T>, options: WatchOptions = {}): AsyncIterable<WatchEvent<T>> {
    const { namespace, signal, ...rest } = options;
    const query = queryOf({
      watch: true,
      allowWatchBookmarks: true,
      ...rest,
      resourceVersionMatch: options.sendInitialEvents === undefined ? undefined : 'NotOlderThan',
    });
    const path = objectPath(kind, { namespace, name: '' }) + query;
    const response = await this.fetch(path, { headers: { Accept: 'application/json' }, ...(signal ? { signal } : {}) });
    if (!response.ok) throw await statusErrorOf(response);
    if (response.body) yield* readWatch<T>(response.body, signal);
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(this.#options.headers);
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value);
    return this.#options.transport(new Request(this.#options.baseURL + path, { ...init, headers }));
  }

  #page<T extends KubeObject>(kind: KindRef<T>, options: ListOptions & { continue?: string }): Promise<KubeList<T>> {
    const { namespace, ...rest } = options;
    if (rest.continue !== undefined) {
      // A continue token carries its own revision; naming one beside it is refused.
      delete rest.resourceVersion;
      delete rest.resourceVersionMatch;
    }
    return this.#json({ method: 'GET', path: objectPath(kind, { namespace, name: '' }) + queryOf(rest) });
  }

  #writeQuery(options: WriteOptions, more: Record<string, boolean | undefined> = {}): string {
    return queryOf({
      dryRun: options.dryRun ? 'All' : undefined,
      fieldManager: options.fieldManager ?? this.#options.fieldManager,
      ...more,
    });
  }

  async #json<R>(call: Call): Promise<R> {
    const headers: Record<string, string> = { ...this.#options.headers, Accept: 'application/json' };
    const init: RequestInit = { method: call.method, headers };
    if (call.body !== undefined) {
      headers['Content-Type'] = call.contentType ?? 'application/json';
      init.body = JSON.stringify(call.body);
    }
    const response = await this.#options.transport(new Request(this.#options.baseURL + call.path, init));
    if (!response.ok) throw await statusErrorOf(response);
    return parseJson(await response.text()) as R;
  }
}

function keyOf(object: KubeObject): NamespacedName {
  return { namespace: object.metadata.namespace, name: object.metadata.name ?? '' };
}

/** Items of a list carry no apiVersion and kind, so an object that came from one gets them back. */
function typed<T extends KubeObject>(kind: KindRef<T>, object: T): T {
  if (object.apiVersion !== undefined && object.kind !== undefined) return object;
  return { ...object, apiVersion: apiVersionOf(kind.group, kind.version), kind: kind.kind };
}
