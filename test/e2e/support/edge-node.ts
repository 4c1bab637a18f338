/** A node that only has a tunnel: its pods are one server of the test's process. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../../src/agent/log.ts';
import { obtainCredential } from '../../../src/agent/node/credential.ts';
import { createNodeTransport } from '../../../src/agent/node-transport.ts';
import { FakeRuntime } from '../../../src/agent/runtime/fake/fake-runtime.ts';
import { createKubeletHandler } from '../../../src/agent/streams/index.ts';
import { runTunnel } from '../../../src/agent/tunnel/index.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { clusterPaths } from '../../../src/emulator/index.ts';
import type { LocalCluster } from './local-cluster.ts';

export const NODE = 'edge-node';
/** Address of the pod that answers. */
export const POD = '10.9.9.9';
/** Address at which nobody does. */
export const NOBODY = '10.9.9.10';

/** An EndpointSlice of the Service `web` with ready endpoints on this node. */
export const sliceOf = (port: number, addresses: readonly string[]): string =>
  JSON.stringify({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ port, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], nodeName: NODE, conditions: { ready: true } })),
  });

export interface EdgeNodeOptions {
  /** Port of the server on this machine that stands for the pod. */
  port: number;
  /** A cluster of the fleet; the first one without it. */
  fleetCluster?: string;
}

/** Joins and opens the tunnel; resolves when it is up. `stop` ends it. */
export async function startEdgeNode(cluster: LocalCluster, options: EdgeNodeOptions): Promise<{ stop(): void }> {
  const { port, fleetCluster } = options;
  const stateDir = mkdtempSync(join(tmpdir(), 'kedge-edge-'));
  const stop = new AbortController();
  const server = fleetCluster === undefined ? cluster.server : `${cluster.server}/clusters/${fleetCluster}`;
  const ca = readFileSync(join(clusterPaths(join(cluster.folder, 'data'), 'default').tls, 'ca.crt'), 'utf8');
  const words = ['token', 'create', ...(fleetCluster === undefined ? [] : ['--cluster', fleetCluster])];
  const joinToken = (await cluster.kedge(words)).stdout.trim();
  const { transport, close } = createNodeTransport({ ca });
  const common = { server, clock: systemClock, log: silentLog, signal: stop.signal };
  const credential = await obtainCredential({ ...common, nodeName: NODE, stateDir, transport, joinToken });
  close();
  const kubelet = createKubeletHandler({
    node: NODE,
    runtime: new FakeRuntime({ clock: systemClock, nextIP: () => POD, prefix: 'edge-' }),
    clock: systemClock,
    pods: () => [],
  });
  await new Promise<void>((resolve) => {
    void runTunnel({
      ...{ ...common, node: NODE, ca, random: systemRandom },
      token: () => credential.token,
      handler: (incoming) => {
        const dial = incoming.headers.get('x-kedge-dial') ?? '';
        incoming.headers.set('x-kedge-dial', dial.startsWith(`${POD}:`) ? `127.0.0.1:${port}` : '127.0.0.1:1');
        return kubelet(incoming);
      },
      onState: (connected) => connected && resolve(),
    });
  });
  return {
    stop() {
      stop.abort();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
