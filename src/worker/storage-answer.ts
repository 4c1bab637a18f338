/**
 * Writes are answered inside the object of their shard, which holds the whole server: reading the stored object and
 * writing the new one are function calls there, and a request travels once, whatever it reads on its way.
 */
import { internalError, type StatusError, serviceUnavailable, tooManyRequests } from '../machinery/status.ts';
import type { Server } from '../server/contract.ts';
import { DEFAULT_SHARD_MAP, shardNameOf } from '../storage/index.ts';
import type { Env } from './env.ts';

/** Answers of the main shard's object: the revision of the last write to a resource that servers cache. */
export const TRACKED_HEADER = 'kedge-tracked';

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
/** Subresources that are streams to a node, or bodies of any length. */
const STREAMS = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);
/** What may follow a namespace and is no resource in it. */
const OF_NAMESPACE = new Set(['', 'finalize', 'status']);
/** Groups whose objects are questions: nothing of them is stored. */
const REVIEWS = new Set(['authentication.k8s.io', 'authorization.k8s.io']);

/**
 * The shard whose object answers a request, or undefined where the Worker does. A shard that is not the one of the
 * resource would answer alike, by a call to the other.
 */
export function shardOfWrite(method: string, path: string): string | undefined {
  if (!WRITES.has(method)) return undefined;
  const segments = path.split('/');
  const prefix = segments[1];
  if (prefix !== 'api' && prefix !== 'apis') return undefined;
  const group = prefix === 'apis' ? segments[2] : '';
  let at = prefix === 'apis' ? 4 : 3;
  if (segments[at] === 'namespaces' && !OF_NAMESPACE.has(segments[at + 2] ?? 'status')) at += 2;
  const resource = segments[at];
  if (!resource || group === undefined || REVIEWS.has(group) || STREAMS.has(segments[at + 2] ?? '')) return undefined;
  return shardNameOf(DEFAULT_SHARD_MAP, group === '' ? resource : `${resource}.${group}`);
}

/** Ids of objects by name: a name is hashed each time that it is looked up. */
const ids = new Map<string, DurableObjectId>();
const MAX_IDS = 1_000;

function idOf(env: Env, name: string): DurableObjectId {
  let id = ids.get(name);
  if (id) return id;
  if (ids.size >= MAX_IDS) ids.clear();
  id = env.STORAGE.idFromName(name);
  ids.set(name, id);
  return id;
}

/** Has the object of a shard answer `request`; `server` is the isolate's own and learns what changed. */
export async function answerInStorage(
  env: Env,
  shard: { cluster: string; name: string },
  { server, request }: { server: Server; request: Request },
): Promise<Response> {
  try {
    const response = await env.STORAGE.get(idOf(env, `${shard.cluster}/${shard.name}`)).fetch(request);
    const tracked = response.headers.get(TRACKED_HEADER);
    if (tracked !== null) server.observe(Number(tracked));
    return response;
  } catch (error) {
    const { status, code } = failureOf(error);
    return Response.json(status, { status: code, headers: code === 500 ? {} : { 'Retry-After': '1' } });
  }
}

/** Nothing is sent again from here: the body is gone, and the write may have happened. */
function failureOf(error: unknown): StatusError {
  const { retryable, overloaded } = (error ?? {}) as { retryable?: boolean; overloaded?: boolean };
  if (overloaded) return tooManyRequests('the storage of this cluster is overloaded, please try again later', 1);
  if (!retryable) return internalError(String(error));
  return serviceUnavailable('the storage of this cluster starts anew, please try again');
}
