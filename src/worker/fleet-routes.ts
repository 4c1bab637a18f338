/** `/kedge/v1/clusters`: the fleet, for administrators. */
import { type Clock, systemClock } from '../base/clock.ts';
import { type Random, systemRandom } from '../base/random.ts';
import {
  alreadyExists,
  badRequest,
  methodNotSupported,
  notFound,
  requestEntityTooLarge,
  type StatusError,
  serviceUnavailable,
} from '../machinery/status.ts';
import { newClusterId } from './cluster-id.ts';
import type { Env } from './env.ts';
import type { ClusterRecord, Fleet } from './fleet.ts';
import { eraseCluster } from './fleet-clusters.ts';
import { parseClusterRequest } from './fleet-request.ts';
import { createConsoleLogger } from './log.ts';
import { openFleet } from './open-fleet.ts';
import { DEFAULT_CLUSTER } from './settings.ts';

const CLUSTERS = { group: '', kind: 'clusters' };
const MAX_BODY = 64 * 1024;
const DEFAULT_PAGE = 500;

export interface FleetRouteOptions {
  clock?: Clock;
  random?: Random;
  /** Called after a change of the fleet. */
  changed(): void;
}

/**
 * Answers one request of an administrator: `GET` and `POST` of the collection, `GET` and `DELETE` of a cluster. `name`
 * is what follows the collection's path. Throws StatusError.
 */
export async function answerFleetRoute(
  env: Env,
  call: { request: Request; name: string },
  options: FleetRouteOptions,
): Promise<Response> {
  const fleet = openFleet(env);
  if (!fleet) throw serviceUnavailable('this deployment has no fleet: bind FLEET or FLEET_OBJECT');
  const { request, name } = call;
  switch (`${request.method} ${name === '' ? 'all' : 'one'}`) {
    case 'GET all':
      return listClusters(fleet, new URL(request.url));
    case 'POST all':
      return createCluster(fleet, request, options);
    case 'GET one':
      return Response.json(described((await fleet.byName(name)) ?? missing(name)));
    case 'DELETE one':
      return deleteCluster(env, { fleet, name }, options);
    default:
      throw methodNotSupported(CLUSTERS, request.method.toLowerCase());
  }
}

async function listClusters(fleet: Fleet, url: URL): Promise<Response> {
  const limit = Math.min(Number(url.searchParams.get('limit')) || DEFAULT_PAGE, DEFAULT_PAGE);
  const after = url.searchParams.get('continue') ?? '';
  const found = await fleet.list({ after, limit });
  const next = found.length === limit ? { continue: found.at(-1)?.name } : {};
  return Response.json({ clusters: found.map(described), ...next });
}

async function createCluster(
  fleet: Fleet,
  request: Request,
  { clock = systemClock, random = systemRandom, changed }: FleetRouteOptions,
): Promise<Response> {
  const { name, apiOnly, hostname } = parseClusterRequest(await bodyOf(request));
  if (name === DEFAULT_CLUSTER) throw alreadyExists(CLUSTERS, name);
  const record = { id: newClusterId(random, { name, apiOnly }), name, apiOnly, hostname, createdAt: clock.now() };
  const outcome = await fleet.insert(record);
  if (outcome === 'NameTaken') throw alreadyExists(CLUSTERS, name);
  if (outcome === 'HostnameTaken') throw badRequest(`the host name ${hostname} belongs to another cluster`);
  changed();
  return Response.json(described(record), { status: 201 });
}

async function deleteCluster(
  env: Env,
  { fleet, name }: { fleet: Fleet; name: string },
  { clock = systemClock, changed }: FleetRouteOptions,
): Promise<Response> {
  if (name === DEFAULT_CLUSTER) throw badRequest('the default cluster cannot be deleted');
  const removed = (await fleet.remove(name, clock.now())) ?? missing(name);
  changed();
  // From here on the cluster is gone for everybody; what fails now is done by the watchdog.
  await eraseCluster(env, removed.id).catch((error: unknown) =>
    createConsoleLogger(clock, { cluster: removed.id }).warn('storage not erased at once', { error: String(error) }),
  );
  return Response.json(described(removed));
}

async function bodyOf(request: Request): Promise<string> {
  const text = await request.text();
  if (text.length > MAX_BODY) throw requestEntityTooLarge(`limit is ${MAX_BODY}`);
  return text;
}

function missing(name: string): never {
  const error: StatusError = notFound(CLUSTERS, name);
  throw error;
}

/** What clients see of a cluster. */
function described({ name, apiOnly, hostname, createdAt }: ClusterRecord): Record<string, unknown> {
  return {
    name,
    apiOnly,
    ...(hostname === null ? {} : { hostname }),
    createdAt: new Date(createdAt).toISOString(),
    path: `/clusters/${name}`,
  };
}
