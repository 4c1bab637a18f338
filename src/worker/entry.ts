/** The Worker: finds the cluster a request is for and hands it to that cluster's API server. */

import { systemClock } from '../base/clock.ts';
import { plainUrl } from '../base/plain-url.ts';
import { notFound, serviceUnavailable } from '../machinery/status.ts';
import type { Server } from '../server/contract.ts';
import { ensureClusterDns } from './addons.ts';
import { clientAddress } from './client-address.ts';
import { isApiOnly } from './cluster-id.ts';
import { createClusterServer } from './cluster-server.ts';
import type { Env } from './env.ts';
import { directory, edgeOf } from './ingress-entry.ts';
import { answerKedgeRoute, statusResponse } from './kedge-routes.ts';
import { createConsoleLogger } from './log.ts';
import { openFleet } from './open-fleet.ts';
import { quickTarget, type RequestTarget, targetOf } from './request-target.ts';
import { answerInStorage, shardOfWrite } from './storage-answer.ts';
import { runWatchdog } from './watchdog.ts';

export { AuditObject } from './audit-object.ts';
export { ControllersObject } from './controllers-object.ts';
export { FleetObject } from './fleet-object.ts';
export { Ingress } from './ingress-entry.ts';
export { NodeTunnelObject } from './node-tunnel-object.ts';
export { SchedulerObject } from './scheduler-object.ts';
export { StorageObject } from './storage-object.ts';

interface Resident {
  server: Server;
  bootstrapped: boolean;
}

/** Servers of the clusters this isolate has served; a server holds caches only. */
const residents = new Map<string, Resident>();
const MAX_RESIDENTS = 200;

function residentOf(env: Env, cluster: string): Resident {
  const known = residents.get(cluster);
  if (known) return known;
  if (residents.size >= MAX_RESIDENTS) residents.delete(residents.keys().next().value as string);
  const resident = {
    server: createClusterServer(env, cluster),
    bootstrapped: false,
  };
  residents.set(cluster, resident);
  return resident;
}

function lookUpTarget(request: Request, env: Env): Promise<RequestTarget> {
  const fleet = () => openFleet(env);
  return targetOf(new URL(request.url), { apiHosts: env.KEDGE_API_HOSTS, fleet, directory });
}

export default {
  async fetch(request, env): Promise<Response> {
    const plain = plainUrl(request.url);
    let target = plain && quickTarget(plain, env.KEDGE_API_HOSTS);
    try {
      target ??= await lookUpTarget(request, env);
    } catch (error) {
      createConsoleLogger(systemClock).error('the fleet could not be read', { error: String(error) });
      return statusResponse(serviceUnavailable('the clusters of this control plane could not be looked up'));
    }
    if (target.to === 'ingress') return edgeOf(env, target.cluster).fetch(request, clientAddress(request));
    if (target.to === 'nobody') return statusResponse(notFound({ group: '', kind: 'clusters' }, target.name));
    const resident = residentOf(env, target.cluster);
    if (!resident.bootstrapped) {
      await resident.server.bootstrap();
      if (!isApiOnly(env, target.cluster)) await ensureClusterDns(resident.server);
      resident.bootstrapped = true;
    }
    const relative = target.rewritten === undefined ? request : new Request(target.rewritten, request);
    if (target.path.startsWith('/kedge/v1/')) {
      return answerKedgeRoute(env, target.cluster, {
        ...{ server: resident.server, request: relative },
        fleetChanged: directory.clear,
      });
    }
    const shard = shardOfWrite(request.method, target.path);
    if (shard === undefined) return resident.server.fetch(relative);
    const name = { cluster: target.cluster, name: shard };
    return answerInStorage(env, name, { server: resident.server, request: relative });
  },
  async scheduled(_controller, env): Promise<void> {
    await runWatchdog(env);
  },
} satisfies ExportedHandler<Env>;
