import { describe, expect, test } from 'vitest';
import type { UserInfo } from '../../../src/server/contract.ts';
import { createFlowControl } from '../../../src/server/flow/index.ts';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

const LEVEL_HEADER = 'X-Kubernetes-PF-PriorityLevel-UID';
const SCHEMA_HEADER = 'X-Kubernetes-PF-FlowSchema-UID';
const FLOW = '/apis/flowcontrol.apiserver.k8s.io/v1';

const as = (name: string, ...groups: string[]): Record<string, string> => ({
  'Impersonate-User': name,
  ...(groups.length > 0 ? { 'Impersonate-Group': groups.join(', ') } : {}),
});

/** Names of the schema and the level that an answer's headers tell. */
async function flowOf(cluster: TestCluster, request: string, headers: Record<string, string>): Promise<string> {
  const answer = await cluster.send(request, { headers });
  const names: string[] = [];
  for (const [resource, header] of [
    ['flowschemas', SCHEMA_HEADER],
    ['prioritylevelconfigurations', LEVEL_HEADER],
  ] as const) {
    const { body } = await cluster.send<{ items: { metadata: { name: string; uid: string } }[] }>(
      `GET ${FLOW}/${resource}`,
    );
    const uid = answer.headers.get(header);
    names.push(body.items.find(({ metadata }) => metadata.uid === uid)?.metadata.name ?? `none (${uid})`);
  }
  return names.join(' ');
}

describe('classification by the schemas every cluster starts with', () => {
  test.each([
    ['GET /api/v1/pods', {}, 'exempt exempt'],
    ['GET /api/v1/namespaces/a/pods', as('jane'), 'global-default global-default'],
    ['GET /healthz', as('jane'), 'probes exempt'],
    ['PUT /api/v1/nodes/n/status', as('system:node:n', 'system:nodes'), 'system-node-high node-high'],
    ['GET /api/v1/namespaces/a/pods/p', as('system:node:n', 'system:nodes'), 'system-nodes system'],
    [
      'PUT /apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x',
      as('system:kube-controller-manager'),
      'system-leader-election leader-election',
    ],
    ['GET /api/v1/pods', as('system:kube-scheduler'), 'kube-scheduler workload-high'],
    [
      'GET /api/v1/namespaces/a/pods',
      as('system:serviceaccount:kube-system:deployment-controller', 'system:serviceaccounts:kube-system'),
      'kube-system-service-accounts workload-high',
    ],
    [
      'GET /api/v1/namespaces/a/pods',
      as('system:serviceaccount:a:b', 'system:serviceaccounts', 'system:serviceaccounts:a'),
      'service-accounts workload-low',
    ],
  ])('%s as %o', async (request, headers, expected) => {
    const cluster = await createTestCluster({ bootstrap: true });
    expect(await flowOf(cluster, request, headers)).toBe(expected);
  });

  test('a new schema counts within a second, before those of later precedence; one without its level does not', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const schema = (name: string, level: string, matchingPrecedence: number) => ({
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'FlowSchema',
      metadata: { name },
      spec: {
        matchingPrecedence,
        priorityLevelConfiguration: { name: level },
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'jane' } }],
            resourceRules: [{ verbs: ['list'], apiGroups: [''], resources: ['pods'], namespaces: ['a'] }],
          },
        ],
      },
    });
    await cluster.send(`POST ${FLOW}/flowschemas`, { body: schema('dangling', 'nowhere', 2) });
    await cluster.send(`POST ${FLOW}/flowschemas`, { body: schema('late', 'system', 9_999) });
    await cluster.send(`POST ${FLOW}/flowschemas`, { body: schema('mine', 'workload-high', 500) });
    cluster.clock.advance(1_500);
    const conditionOf = async (name: string) =>
      (await cluster.send<{ status: { conditions: object[] } }>(`GET ${FLOW}/flowschemas/${name}`)).body.status
        .conditions;
    expect(await conditionOf('mine')).toMatchObject([{ type: 'Dangling', status: 'False', reason: 'Found' }]);
    expect(await conditionOf('dangling')).toMatchObject([
      {
        ...{ type: 'Dangling', status: 'True', reason: 'NotFound' },
        message:
          'This FlowSchema references the PriorityLevelConfiguration object named "nowhere" but there is no such object',
      },
    ]);
    expect(await flowOf(cluster, 'GET /api/v1/namespaces/a/pods', as('jane'))).toBe('mine workload-high');
    expect(await flowOf(cluster, 'GET /api/v1/namespaces/b/pods', as('jane'))).toBe('global-default global-default');
    expect(await flowOf(cluster, 'GET /api/v1/namespaces/a/pods', as('john'))).toBe('global-default global-default');
  });

  test('long requests that are no watches carry no headers, watches do', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const log = await cluster.send('GET /api/v1/namespaces/a/pods/p/log');
    expect(log.headers.get(LEVEL_HEADER)).toBeNull();
    const watch = await cluster.fetch('GET /api/v1/pods?watch=1&timeoutSeconds=1');
    expect(watch.headers.get(LEVEL_HEADER)).not.toBeNull();
    await watch.body?.cancel();
  });
});

/** A cluster whose storage answers reads of ConfigMaps when it is told to. */
async function slowCluster(seats: number) {
  const flow: { current?: ReturnType<typeof createFlowControl> } = {};
  const cluster = await createTestCluster({
    bootstrap: true,
    parts: {
      flow: {
        enter: (...args) => flow.current!.enter(...args),
        watching: (request) => flow.current!.watching(request),
        observeList: (info, size) => flow.current!.observeList(info, size),
        render: () => flow.current!.render(),
        dump: (name) => flow.current!.dump(name),
      },
    },
  });
  flow.current = createFlowControl({ clock: cluster.clock, seats });
  const held: (() => void)[] = [];
  const shard = cluster.options.store.shardOf('configmaps');
  const get = shard.get.bind(shard);
  shard.get = async (key) => {
    if (key.resource === 'configmaps' && key.name === 'slow') await new Promise<void>((resolve) => held.push(resolve));
    return get(key);
  };
  return { cluster, held };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** A user that RBAC lets read, so that the request gets as far as storage. */
const tenant = (name: string): { headers: Record<string, string> } => ({
  headers: as(
    `system:serviceaccount:${name}:app`,
    'system:serviceaccounts',
    `system:serviceaccounts:${name}`,
    'readers',
  ),
});

async function letRead(cluster: TestCluster): Promise<void> {
  await cluster.send('POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    body: {
      metadata: { name: 'readers' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'configmap-readers' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'readers' }],
    },
  });
  await cluster.send('POST /apis/rbac.authorization.k8s.io/v1/clusterroles', {
    body: {
      metadata: { name: 'configmap-readers' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
    },
  });
  cluster.clock.advance(1_500);
}

const SLOW = 'GET /api/v1/namespaces/default/configmaps/slow';

describe('a flood', () => {
  test('of one client leaves seats to others, is answered with 429 beyond its queues, and nodes do not wait at all', async () => {
    const { cluster, held } = await slowCluster(24);
    await letRead(cluster);
    let answered = 0;
    const statuses = new Map<number, number>();
    const flood = Array.from({ length: 600 }, async () => {
      const { status } = await cluster.send(SLOW, tenant('flood'));
      answered++;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
    await settle();
    // Its queues are full: six of fifty places, and what is beyond was refused.
    expect(statuses.get(429)).toBeGreaterThan(200);
    const refused = await cluster.fetch(SLOW, tenant('flood'));
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(refused.headers.get(LEVEL_HEADER)).not.toBeNull();
    expect(await refused.text()).toBe('Too many requests, please try again later.\n');
    // Another level is not touched by it.
    const node: UserInfo = { name: 'system:node:n', groups: ['system:nodes', 'system:authenticated'] };
    const beat = await cluster.send('GET /api/v1/nodes/n', { headers: as(node.name, 'system:nodes') });
    expect(beat.status).not.toBe(429);
    // A second client of the same level waits for a turn, not for the end of the flood.
    let done = false;
    const other = cluster.send('GET /api/v1/namespaces/default/configmaps/fast', tenant('other')).then((reply) => {
      done = true;
      return reply;
    });
    await settle();
    const before = answered;
    for (let i = 0; i < 40 && !done; i++) {
      held.shift()?.();
      cluster.clock.advance(5);
      await settle();
    }
    expect(done).toBe(true);
    expect(answered - before).toBeLessThan(40);
    expect((await other).status).toBe(404);
    const metrics = (await cluster.send('GET /metrics')).text;
    expect(metrics).toMatch(
      /apiserver_flowcontrol_rejected_requests_total\{flow_schema="service-accounts",priority_level="workload-low",reason="queue-full"\} [1-9]/,
    );
    expect(metrics).toContain('apiserver_flowcontrol_current_inqueue_requests');
    const dumped = (await cluster.send('GET /debug/api_priority_and_fairness/dump_priority_levels')).text;
    expect(dumped).toMatch(/^PriorityLevelName, +ActiveQueues, +IsIdle, /);
    expect(dumped).toMatch(/\nworkload-low, +[1-9]\d*, +false, +false, /);
    while (answered < 600) {
      for (const release of held.splice(0)) release();
      cluster.clock.advance(100);
      await settle();
    }
    await Promise.all(flood);
  });

  test('of waiting requests is refused when their time is over', async () => {
    const { cluster, held } = await slowCluster(1);
    await letRead(cluster);
    const running = Array.from({ length: 3 }, () => cluster.send(SLOW, tenant('flood')));
    await settle();
    cluster.clock.advance(16_000);
    await settle();
    const late = await Promise.race([...running.slice(1)]);
    expect(late.status).toBe(429);
    for (let i = 0; i < 5; i++) {
      for (const release of held.splice(0)) release();
      await settle();
    }
    await Promise.all(running);
  });
});

describe('seats', () => {
  test('of a list are as many as its size asks for, once that is known', async () => {
    const { cluster, held } = await slowCluster(600);
    await letRead(cluster);
    for (let i = 0; i < 5; i++) {
      const body = { metadata: { name: `big-${i}` }, data: { a: 'x'.repeat(90_000) } };
      expect((await cluster.send('POST /api/v1/namespaces/default/configmaps', { body })).status).toBe(201);
    }
    const shard = cluster.options.store.shardOf('configmaps');
    const list = shard.list.bind(shard);
    shard.list = async (query) => {
      if (query.resource === 'configmaps') await new Promise<void>((resolve) => held.push(resolve));
      return list(query);
    };
    const seatsOf = async (path: string): Promise<number> => {
      const answer = cluster.send(`GET ${path}`, { headers: as('jane') });
      await settle();
      const { text } = await cluster.send('GET /metrics');
      held.shift()?.();
      await answer;
      return Number(/current_executing_seats\{flow_schema="global-default",[^}]*\} (\d+)/.exec(text)?.[1]);
    };
    await cluster.send('POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      body: {
        metadata: { name: 'jane' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
      },
    });
    cluster.clock.advance(1_500);
    expect(await seatsOf('/api/v1/configmaps')).toBe(1);
    expect(await seatsOf('/api/v1/configmaps')).toBeGreaterThanOrEqual(5);
    expect(await seatsOf('/api/v1/configmaps?limit=1')).toBe(1);
    expect(await seatsOf('/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Dbig-1')).toBe(1);
  });
});

describe('borrowing', () => {
  test('a busy level gets the seats that others leave', async () => {
    const { cluster, held } = await slowCluster(60);
    await letRead(cluster);
    const limitOf = async (): Promise<number> => {
      const { text } = await cluster.send('GET /metrics');
      return Number(/current_limit_seats\{priority_level="workload-low"\} (\d+)/.exec(text)?.[1]);
    };
    const before = await limitOf();
    const busy = Array.from({ length: 200 }, () => cluster.send(SLOW, tenant('flood')));
    await settle();
    cluster.clock.advance(10_500);
    await settle();
    await cluster.send('GET /api/v1/pods');
    const after = await limitOf();
    expect(after).toBeGreaterThan(before);
    for (let i = 0; i < 20; i++) {
      for (const release of held.splice(0)) release();
      cluster.clock.advance(1_000);
      await settle();
    }
    await Promise.all(busy);
  });
});
