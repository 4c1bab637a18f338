/** Plugins that change or refuse pods on their way in. */
import { describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

const NS = '/api/v1/namespaces/default';

interface Answer {
  metadata: object;
  message?: string;
  spec: { tolerations?: { key?: string }[] };
}

async function clusterWithAccount(annotations: Record<string, string> = {}): Promise<TestCluster> {
  const cluster = await createTestCluster({ bootstrap: true });
  const account = { metadata: { name: 'default', annotations }, secrets: [{ name: 'mine' }] };
  await cluster.send(`POST ${NS}/serviceaccounts`, { body: account });
  return cluster;
}

const create = (cluster: TestCluster, spec: object, metadata: object = {}) =>
  cluster.send<Answer>(`POST ${NS}/pods`, {
    body: { metadata: { name: 'p', ...metadata }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } },
  });

describe('secrets of pods', () => {
  const foreign = { volumes: [{ name: 'v', secret: { secretName: 'other' } }] };

  it.each([
    ['true', 403],
    ['1', 403],
    ['T', 403],
    ['yes', 201],
    ['false', 201],
  ])('are held to those of an account that enforces them by %s', async (value, status) => {
    const cluster = await clusterWithAccount({ 'kubernetes.io/enforce-mountable-secrets': value });
    expect((await create(cluster, foreign)).status).toBe(status);
  });

  it('are told before invalid fields, and of ephemeral containers in an error of their own', async () => {
    const cluster = await clusterWithAccount({ 'kubernetes.io/enforce-mountable-secrets': 'true' });
    expect((await create(cluster, { ...foreign, restartPolicy: 'Sometimes' })).status).toBe(403);
    await create(cluster, {});
    const ephemeralContainers = [{ name: 'e', image: 'i', envFrom: [{ secretRef: { name: 'other' } }] }];
    const refused = await cluster.send<Answer>(`PATCH ${NS}/pods/p/ephemeralcontainers`, {
      body: { spec: { ephemeralContainers } },
      type: 'application/strategic-merge-patch+json',
    });
    expect([refused.status, refused.body.message]).toEqual([
      500,
      'ephemeral container e with envFrom referencing secret.secretName="other" is not allowed because service account default does not reference that secret',
    ]);
  });

  it('of a mirror pod are refused wherever a volume names one', async () => {
    const cluster = await clusterWithAccount();
    const volumes = [{ name: 'v', csi: { driver: 'd.io', nodePublishSecretRef: { name: 's' } } }];
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    const refused = await create(cluster, { nodeName: 'n', volumes }, { annotations });
    expect(refused.body.message).toContain('a mirror pod may not reference secrets');
  });
});

describe('a runtime class', () => {
  it('merges its tolerations with those of the pod, the wider ones staying', async () => {
    const cluster = await clusterWithAccount();
    const tolerations = [{ key: 'x', operator: 'Exists' }];
    await cluster.send('POST /apis/node.k8s.io/v1/runtimeclasses', {
      body: { metadata: { name: 'r' }, handler: 'h', scheduling: { tolerations } },
    });
    const own = [{ key: 'x', operator: 'Exists', effect: 'NoSchedule' }];
    const made = await create(cluster, { runtimeClassName: 'r', tolerations: own });
    expect(made.body.spec.tolerations?.map(({ key }) => key)).toEqual([
      'node.kubernetes.io/not-ready',
      'node.kubernetes.io/unreachable',
      'x',
    ]);
  });
});

describe('several bounds of a LimitRange', () => {
  it('are told once when containers break the same one', async () => {
    const cluster = await clusterWithAccount();
    const spec = { limits: [{ type: 'Container', min: { cpu: '1' } }] };
    await cluster.send(`POST ${NS}/limitranges`, { body: { metadata: { name: 'l' }, spec } });
    const small = { image: 'i', resources: { requests: { cpu: '1m' } } };
    const refused = await create(cluster, {
      containers: [
        { name: 'a', ...small },
        { name: 'b', ...small },
      ],
    });
    expect(refused.body.message).toBe('pods "p" is forbidden: minimum cpu usage per Container is 1, but request is 1m');
  });
});

describe('the resizing of pods', () => {
  const resize = async (label: string, cpu: string, nodeName = 'n') => {
    const cluster = await clusterWithAccount();
    const node = { metadata: { name: 'n', labels: label === '' ? {} : { 'kubernetes.io/os': label } } };
    await cluster.send('POST /api/v1/nodes', { body: node });
    await cluster.send('PATCH /api/v1/nodes/n/status', {
      body: { status: { allocatable: { cpu: '2', memory: '1Gi', pods: '10' } } },
    });
    const containers = [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }];
    await create(cluster, { containers, nodeName });
    const grown = [{ name: 'c', resources: { requests: { cpu } } }];
    const { status, body } = await cluster.send<Answer>(`PATCH ${NS}/pods/p/resize`, {
      body: { spec: { containers: grown } },
      type: 'application/strategic-merge-patch+json',
    });
    return status === 200 ? 'grown' : body.message;
  };

  it.each([
    ['', '2', 'n', 'grown'],
    ['linux', '3', 'n', /enough allocatable resources: cpu, requested: 3000, allocatable: 2000$/],
    ['windows', '2', 'n', /pod resize is only supported on linux nodes, node "n" is "windows"$/],
    ['', '2', 'm', /node "m" not found$/],
  ])('on a node of the system %j to %s goes as the node allows', async (label, cpu, nodeName, said) => {
    expect(await resize(label, cpu, nodeName)).toMatch(said);
  });
});
