/**
 * What policies cost on the write path, in one process over storage in memory: `node bench/policies.ts [ROUNDS]`.
 * Creates of ConfigMaps, without policies and beside 100 that do not match them, by turns; then beside one that does.
 */
import { createTestCluster, type TestCluster } from '../test/support/cluster.ts';

const ROUNDS = Number(process.argv[2] ?? 10);
const WRITES = 500;
const POLICIES = 100;
const GROUP = '/apis/admissionregistration.k8s.io/v1';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

async function define(cluster: TestCluster, name: string, spec: object): Promise<void> {
  const policy = { metadata: { name }, spec };
  const binding = { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } };
  await cluster.send(`POST ${GROUP}/validatingadmissionpolicies`, { body: policy });
  const { status, text } = await cluster.send(`POST ${GROUP}/validatingadmissionpolicybindings`, { body: binding });
  if (status !== 201) throw new Error(text);
}

const rules = (apiGroup: string, resource: string): object => ({
  resourceRules: [{ apiGroups: [apiGroup], apiVersions: ['*'], resources: [resource], operations: ['*'] }],
});

async function clusterWith(count: number, matching: boolean): Promise<TestCluster> {
  const cluster = await createTestCluster({ bootstrap: true });
  for (let i = 0; i < count; i++)
    await define(cluster, `p${i}`, {
      matchConstraints: matching
        ? rules('', 'configmaps')
        : rules('apps', i % 2 === 0 ? 'deployments' : 'statefulsets'),
      validations: [{ expression: "object.metadata.labels.all(k, k.startsWith('x') || object.metadata.name != '')" }],
    });
  return cluster;
}

/** Microseconds a create. */
async function createMany(cluster: TestCluster, round: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < WRITES; i++) {
    const metadata = { name: `c-${round}-${i}`, labels: { app: 'bench' } };
    const { status, text } = await cluster.send(`POST ${CONFIG_MAPS}`, { body: { metadata, data: { a: 'b' } } });
    if (status !== 201) throw new Error(text);
  }
  return ((performance.now() - start) * 1000) / WRITES;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const clusters = {
  'no policy': await clusterWith(0, false),
  [`${POLICIES} policies of other kinds`]: await clusterWith(POLICIES, false),
  'one policy of this kind': await clusterWith(1, true),
};
const times = new Map<string, number[]>(Object.keys(clusters).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, cluster] of Object.entries(clusters)) {
    const micros = await createMany(cluster, round);
    // The first round warms up.
    if (round > 0) times.get(name)?.push(micros);
  }
}
const base = median(times.get('no policy') ?? []);
for (const [name, values] of times) {
  const micros = median(values);
  console.log(`${name.padEnd(32)} ${micros.toFixed(0).padStart(8)} µs a create  × ${(micros / base).toFixed(3)}`);
}
