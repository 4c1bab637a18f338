/**
 * Requests per second of the API server over storage in memory, in one process and without a network: what the chain,
 * the verbs and the codec cost. `node bench/server.ts [SECONDS]`; with `node --cpu-prof bench/server.ts` it is profiled.
 */
import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import { createTestCluster, type TestCluster } from '../test/support/cluster.ts';

const seconds = Number(process.argv[2] ?? 2);
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'bench-', labels: { app: 'bench' } },
  spec: {
    automountServiceAccountToken: false,
    containers: [
      { name: 'c', image: 'registry.local/app:1', resources: { requests: { cpu: '100m', memory: '64Mi' } } },
    ],
  },
};
const CONFIG_MAP = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { generateName: 'bench-' },
  data: { a: 'x'.repeat(200) },
};

async function measure(name: string, once: (i: number) => Promise<Response>): Promise<void> {
  for (let i = 0; i < 200; i++) await expectOk(await once(i));
  const start = performance.now();
  const end = start + seconds * 1000;
  let count = 0;
  while (performance.now() < end) {
    for (let i = 0; i < 20; i++) await expectOk(await once(count++));
  }
  const elapsed = (performance.now() - start) / 1000;
  console.log(
    `${name.padEnd(28)} ${Math.round(count / elapsed)
      .toString()
      .padStart(7)}/s  ${((elapsed / count) * 1e6).toFixed(0).padStart(6)} µs`,
  );
}

async function expectOk(response: Response): Promise<void> {
  const text = await response.text();
  if (response.status >= 300) throw new Error(`${response.status}: ${text.slice(0, 500)}`);
}

async function prepare(cluster: TestCluster): Promise<void> {
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'bench' } } });
  await cluster.send('POST /api/v1/namespaces/bench/serviceaccounts', { body: { metadata: { name: 'default' } } });
  await cluster.send('POST /api/v1/namespaces/bench/configmaps', {
    body: { metadata: { name: 'one' }, data: { a: '1' } },
  });
}

const cluster = await createTestCluster({ bootstrap: true, clock: systemClock, random: systemRandom });
await prepare(cluster);
const path = '/api/v1/namespaces/bench';
await measure('create configmap', () => cluster.fetch(`POST ${path}/configmaps`, { body: CONFIG_MAP }));
await measure('create pod', () => cluster.fetch(`POST ${path}/pods`, { body: POD }));
await measure('get configmap', () => cluster.fetch(`GET ${path}/configmaps/one`));
await measure('update configmap', (i) =>
  cluster.fetch(`PUT ${path}/configmaps/one`, { body: { metadata: { name: 'one' }, data: { a: String(i) } } }),
);
await measure('merge patch configmap', (i) =>
  cluster.fetch(`PATCH ${path}/configmaps/one`, { body: { data: { b: String(i) } } }),
);
await measure('list 500 pods', () => cluster.fetch(`GET ${path}/pods?limit=500`));
await measure('list 500 pods as Table', () =>
  cluster.fetch(`GET ${path}/pods?limit=500`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }),
);
