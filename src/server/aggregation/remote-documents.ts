/** What extension API servers say they offer, kept for a while. */
import type { Clock } from '../../base/clock.ts';
import { type ApiIndex, pathOf, type RemoteApi } from './api-index.ts';
import type { RemoteDocuments, RemoteResource } from './contract.ts';
import { setIdentity } from './identity.ts';
import { callApi, type ProxyDeps } from './proxy.ts';

interface DocumentDeps extends Pick<ProxyDeps, 'outbound' | 'identity'> {
  clock: Clock;
  index(): Promise<ApiIndex>;
}

interface Kept {
  at: number;
  document: Record<string, unknown> | undefined;
}

/** Milliseconds for which an answer stands, and for which none is asked for again. */
const KEEP_MS = 60_000;
const KEEP_FAILURE_MS = 5_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_KEPT = 200;
const READER = { name: 'system:aggregator', groups: ['system:masters'] };

export function createRemoteDocuments(deps: DocumentDeps): RemoteDocuments {
  const { clock } = deps;
  const kept = new Map<string, Kept>();
  const json = async (api: RemoteApi, path: string): Promise<Record<string, unknown> | undefined> => {
    if (!api.available) return undefined;
    const id = `${api.identity} ${path}`;
    const known = kept.get(id);
    const now = clock.now();
    if (known && now - known.at < (known.document ? KEEP_MS : KEEP_FAILURE_MS)) return known.document;
    const document = await fetchJson(api, path, deps);
    kept.delete(id);
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value as string);
    kept.set(id, { at: now, document });
    return document;
  };
  return {
    json,
    async resources(api) {
      const document = await json(api, pathOf(api));
      const { resources } = (document ?? {}) as { resources?: unknown };
      if (!Array.isArray(resources)) return undefined;
      return (resources as (RemoteResource | null)[]).filter(
        (each): each is RemoteResource => typeof each?.name === 'string',
      );
    },
  };
}

async function fetchJson(
  api: RemoteApi,
  path: string,
  deps: DocumentDeps,
): Promise<Record<string, unknown> | undefined> {
  const headers = new Headers({ accept: 'application/json' });
  const lines = setIdentity(headers, READER);
  try {
    const response = await callApi(api, deps, {
      path,
      request: { method: 'GET', headers, lines },
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    });
    if (!response.ok) {
      await response.body?.cancel();
      return undefined;
    }
    const value: unknown = await response.json();
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // A server that is not there offers nothing; its API service says why.
    return undefined;
  }
}
