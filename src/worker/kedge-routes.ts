/** Routes of Kedge's own, beside the Kubernetes API: `/kedge/v1/…`. */
import { forbidden, notFound, StatusError, serviceUnavailable, unauthorized } from '../machinery/status.ts';
import { nodeOf } from '../server/authn/index.ts';
import type { Server, UserInfo } from '../server/contract.ts';
import type { Env } from './env.ts';
import { answerFleetRoute } from './fleet-routes.ts';
import { connectAgent } from './node-connector.ts';
import { DEFAULT_CLUSTER } from './settings.ts';
import { runWatchdog } from './watchdog.ts';
import { pokeCluster } from './watchdog-poke.ts';

const PREFIX = '/kedge/v1/';
const MASTERS = 'system:masters';

/** Answers `/kedge/v1/…` of one cluster. */
export async function answerKedgeRoute(
  env: Env,
  cluster: string,
  context: { server: Server; request: Request; fleetChanged(): void },
): Promise<Response> {
  const { server, request, fleetChanged } = context;
  const url = new URL(request.url);
  try {
    const [route = '', name = '', ...rest] = url.pathname.slice(PREFIX.length).split('/');
    switch (rest.length > 0 || (name !== '' && route !== 'clusters' && route !== 'configuration') ? '' : route) {
      case 'join':
      case 'renew':
        return await server.fetch(request);
      case 'tunnel':
        return await openTunnel(env, cluster, { server, request, url });
      case 'watchdog':
        await requireAdministrator(server, request);
        await (cluster === DEFAULT_CLUSTER ? runWatchdog(env) : pokeCluster(env, cluster));
        return new Response(null, { status: 204 });
      case 'configuration':
        return await server.fetch(request);
      case 'audit':
        await requireAdministrator(server, request);
        return await readAudit(env, cluster, url);
      case 'clusters':
        await requireAdministrator(server, request);
        // An administrator of one of the clusters has no say in the fleet.
        if (cluster !== DEFAULT_CLUSTER) throw notFound({ group: '', kind: 'route' }, url.pathname);
        return await answerFleetRoute(env, { request, name }, { changed: fleetChanged });
      default:
        throw notFound({ group: '', kind: 'route' }, url.pathname);
    }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return statusResponse(error);
  }
}

/** An error as the Status that clients of Kubernetes understand. */
export function statusResponse(error: StatusError): Response {
  return Response.json(error.status, { status: error.code });
}

/** Hands the agent's socket to the object of its node; a node credential opens the tunnel of that node only. */
async function openTunnel(
  env: Env,
  cluster: string,
  call: { server: Server; request: Request; url: URL },
): Promise<Response> {
  const user = await requireUser(call.server, call.request);
  const name = call.url.searchParams.get('node') ?? '';
  if (nodeOf(user) !== name || name === '') {
    throw forbidden({ group: '', kind: 'nodes' }, name, 'only the credential of this node may open its tunnel');
  }
  if (call.request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    throw new StatusError(426, 'UpgradeRequired', 'the tunnel is a WebSocket: send an upgrade request');
  }
  return connectAgent(env, cluster, { node: name, request: call.request });
}

/** A page of audit events, from `since` (milliseconds since the epoch) or after the place that an earlier page named. */
async function readAudit(env: Env, cluster: string, { searchParams }: URL): Promise<Response> {
  if (!env.AUDIT) throw serviceUnavailable('this deployment keeps no audit events: bind AUDIT');
  const number = (name: string): number => Number(searchParams.get(name)) || 0;
  const page = await env.AUDIT.getByName(cluster).read({ after: number('after'), since: number('since') });
  return Response.json(page, { headers: { 'Cache-Control': 'no-store' } });
}

async function requireUser(server: Server, request: Request): Promise<UserInfo> {
  const user = await server.authenticate(request);
  if (!user) throw unauthorized();
  return user;
}

async function requireAdministrator(server: Server, request: Request): Promise<void> {
  const user = await requireUser(server, request);
  if (!user.groups.includes(MASTERS))
    throw forbidden({ group: '', kind: 'route' }, '', 'only administrators may call this');
}
