import { beforeEach, describe, expect, it } from 'vitest';
import type { NodeConnector } from '../../src/server/contract.ts';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

const PODS = '/api/v1/namespaces/team/pods';
let cluster: TestCluster;
let asked: { node: string; request: Request }[];

const nodes: NodeConnector = {
  async fetch(node, request) {
    asked.push({ node, request });
    return new Response('line\n', { headers: { 'x-kedge-secret': '1' } });
  },
  lastSeen: async () => new Map(),
};

beforeEach(async () => {
  asked = [];
  cluster = await createTestCluster({ nodes });
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
  await cluster.send('POST /api/v1/namespaces/team/serviceaccounts', { body: { metadata: { name: 'default' } } });
});

async function createPod(containers = ['one'], bound = true): Promise<void> {
  const spec = { containers: containers.map((name) => ({ name, image: 'x' })) };
  await cluster.send(`POST ${PODS}`, { body: { metadata: { name: 'p', labels: { app: 'x' } }, spec } });
  if (bound)
    await cluster.send(`POST ${PODS}/p/binding`, {
      body: { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } },
    });
}

describe('binding', () => {
  it('gives a pod its node once', async () => {
    await createPod(['one'], false);
    const bind = (name: string) =>
      cluster.send(`POST ${PODS}/p/binding`, { body: { metadata: { name: 'p' }, target: { name } } });
    expect((await bind('n1')).body).toMatchObject({ kind: 'Status', status: 'Success', code: 201 });
    const { body } = await cluster.send(`GET ${PODS}/p`);
    expect(body).toMatchObject({
      spec: { nodeName: 'n1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    expect((await bind('n2')).body).toMatchObject({
      code: 409,
      message: 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    });
  });

  it('wants a name of a binding that is made without a pod in its path', async () => {
    const body = { metadata: {}, target: { name: 'n1' } };
    expect((await cluster.send('POST /api/v1/namespaces/team/bindings', { body })).body).toMatchObject({
      code: 400,
      message: 'Name parameter required.',
    });
  });
});

describe('scale', () => {
  const path = '/apis/apps/v1/namespaces/team/deployments';
  beforeEach(async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'x', image: 'x' }] } };
    await cluster.send(`POST ${path}`, {
      body: { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } },
    });
  });

  it('shows replicas and the selector as text', async () => {
    const { body } = await cluster.send(`GET ${path}/d/scale`);
    expect(body).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 1 },
      status: { replicas: 0, selector: 'a=b' },
    });
  });

  it('can be shown as a Table row, or by its metadata alone', async () => {
    const table = await cluster.fetch(`GET ${path}/d/scale`, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    const { columnDefinitions, rows } = (await table.json()) as {
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[] }[];
    };
    expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Desired', 'Available', 'Age']);
    expect(rows[0]?.cells).toEqual(['d', 1, 0, '0s']);
    const partial = await cluster.fetch(`GET ${path}/d/scale`, {
      accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    });
    expect(await partial.json()).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'd' } });
  });

  it('sets replicas by update and patch, and refuses a negative count', async () => {
    expect(
      (await cluster.send(`PUT ${path}/d/scale`, { body: { metadata: { name: 'd' }, spec: { replicas: 4 } } })).status,
    ).toBe(200);
    expect((await cluster.send(`PATCH ${path}/d/scale`, { body: { spec: { replicas: 5 } } })).body).toMatchObject({
      spec: { replicas: 5 },
    });
    expect((await cluster.send(`GET ${path}/d`)).body).toMatchObject({
      spec: { replicas: 5 },
      metadata: { generation: 3 },
    });
    const negative = await cluster.send(`PATCH ${path}/d/scale`, { body: { spec: { replicas: -1 } } });
    expect(negative.body).toMatchObject({
      code: 422,
      message: expect.stringContaining('spec.replicas: Invalid value: -1'),
    });
  });

  it('holds the metadata of a scale and the types of a patch to what a Scale has', async () => {
    const bad = { name: 'd', annotations: { 'a b': 'x' } };
    const refused = await cluster.send(`PUT ${path}/d/scale`, { body: { metadata: bad, spec: { replicas: 4 } } });
    expect(refused.body).toMatchObject({ code: 422, details: { causes: [{ field: 'metadata.annotations' }] } });
    const patched = async (type: string, body: object) =>
      (await cluster.send<{ message: string }>(`PATCH ${path}/d/scale`, { type, body })).body.message;
    const spec = { replicas: 'x' };
    expect(await patched('application/merge-patch+json', { spec })).toMatch(
      /json: cannot unmarshal string into Go struct field ScaleSpec\.spec\.replicas of type int32$/,
    );
    expect(await patched('application/strategic-merge-patch+json', { spec })).toMatch(/unrecognized type: int32$/);
    expect(await patched('application/merge-patch+json', { kind: 'Node' })).toMatch(/no kind "Node" is registered/);
  });
});

describe('eviction', () => {
  const evict = () => cluster.send(`POST ${PODS}/p/eviction`, { body: { metadata: { name: 'p' } } });
  const budgets = '/apis/policy/v1/namespaces/team/poddisruptionbudgets';

  it('deletes a running pod only while its budget allows a disruption', async () => {
    await createPod();
    await cluster.send(`PATCH ${PODS}/p/status`, {
      body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
    });
    await cluster.send(`POST ${budgets}`, {
      body: { metadata: { name: 'b' }, spec: { selector: { matchLabels: { app: 'x' } }, minAvailable: 1 } },
    });
    const pending = await evict();
    expect(pending.headers.get('retry-after')).toBe('10');
    expect(pending.body).toMatchObject({ code: 429, details: { causes: [{ reason: 'DisruptionBudget' }] } });
    const allow = (disruptionsAllowed: number) =>
      cluster.send(`PATCH ${budgets}/b/status`, {
        body: {
          status: { observedGeneration: 1, disruptionsAllowed, desiredHealthy: 1, currentHealthy: 1, expectedPods: 1 },
        },
      });
    await allow(0);
    expect((await evict()).body).toMatchObject({
      details: { causes: [{ message: 'The disruption budget b needs 1 healthy pods and has 1 currently' }] },
    });
    await allow(1);
    expect((await evict()).body).toMatchObject({ status: 'Success', code: 201 });
    expect((await cluster.send(`GET ${budgets}/b`)).body).toMatchObject({
      status: { disruptionsAllowed: 0, disruptedPods: { p: '2026-01-01T00:00:00Z' } },
    });
    expect((await cluster.send(`GET ${PODS}/p`)).body.metadata.deletionTimestamp).toBeDefined();
  });
});

describe('log, exec and proxy', () => {
  it.each([
    ['', 'line\n'],
    ['binary.k8s.io', 'line\n'],
    ['base64.binary.k8s.io', btoa('line\n')],
  ])('sends the log as messages of a WebSocket under the protocol %j', async (protocol, text) => {
    const messages: (string | Uint8Array)[] = [];
    const closed = Promise.withResolvers<void>();
    cluster = await createTestCluster({
      nodes,
      acceptWebSocket: (agreed) => {
        expect(agreed ?? '').toBe(protocol);
        const socket = {
          send: (one: string | Uint8Array) => void messages.push(one),
          close: closed.resolve,
          onClose() {},
        };
        return { response: new Response(null), socket };
      },
    });
    await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
    await cluster.send('POST /api/v1/namespaces/team/serviceaccounts', { body: { metadata: { name: 'default' } } });
    await createPod();
    const headers = { Upgrade: 'websocket', ...(protocol ? { 'Sec-WebSocket-Protocol': protocol } : {}) };
    await cluster.fetch(`GET ${PODS}/p/log`, { headers });
    await closed.promise;
    const shown = messages.map((one) => (typeof one === 'string' ? one : new TextDecoder().decode(one)));
    expect(shown).toEqual(['', text]);
    expect(asked[0]?.request.headers.get('upgrade')).toBeNull();
    const refused = await cluster.send(`GET ${PODS}/p/log`, {
      headers: { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': 'v4.channel.k8s.io' },
    });
    expect(refused.status).toBe(400);
  });

  it('asks the node for the log of the only container, without the caller’s credentials', async () => {
    await createPod();
    const reply = await cluster.send(`GET ${PODS}/p/log?follow=true&tailLines=5`, {
      headers: { 'x-kedge-dial': '10.0.0.1:22' },
    });
    expect(reply.text).toBe('line\n');
    expect(reply.headers.get('x-kedge-secret')).toBeNull();
    const [{ node, request }] = asked as [(typeof asked)[0]];
    expect(node).toBe('n1');
    expect(new URL(request.url).pathname + new URL(request.url).search).toBe(
      '/containerLogs/team/p/one?follow=true&tailLines=5',
    );
    expect(request.headers.has('authorization')).toBe(false);
    expect(request.headers.has('x-kedge-dial')).toBe(false);
  });

  it('wants a container named where there are several, and a node', async () => {
    await createPod(['one', 'two'], false);
    expect((await cluster.send(`GET ${PODS}/p/log`)).body).toMatchObject({
      code: 400,
      message: 'a container name must be specified for pod p, choose one of: [one two]',
    });
    expect((await cluster.send(`GET ${PODS}/p/log?container=one`)).status).toBe(204);
    expect((await cluster.send(`POST ${PODS}/p/exec?container=one&command=ls`)).body).toMatchObject({
      message: 'pod p does not have a host assigned',
    });
  });

  it('reads the options of a log and of ports before anything else of them', async () => {
    await createPod();
    const refusal = async (path: string) => {
      const { status, body } = await cluster.send(`GET ${PODS}/p/${path}`);
      return `${status} ${body.message}`;
    };
    expect(await refusal('log?tailLines=x')).toBe('400 strconv.ParseInt: parsing "x": invalid syntax');
    expect(await refusal('log?sinceTime=x')).toMatch(/^400 parsing time "x" as /);
    expect(await refusal('log?stream=Stdout')).toMatch(/^422 .*stream: Forbidden: may not be specified$/);
    expect(await refusal('portforward?ports=x')).toMatch(/^400 cannot convert to \[\]int32: .* parsing "x": invalid/);
    expect(await refusal('portforward?ports=70000')).toMatch(/: value out of range$/);
    expect(asked).toEqual([]);
  });

  it('leads to the root of what it proxies, whatever objects and namespaces are called', async () => {
    await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'proxy-1' } } });
    const body = { metadata: { name: 'proxy' }, status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] } };
    await cluster.send('POST /api/v1/nodes', { body });
    const root = '/api/v1/nodes/proxy/proxy';
    for (const method of ['GET', 'HEAD']) {
      const reply = await cluster.fetch(`${method} ${root}?a=b`);
      expect([reply.status, reply.headers.get('location')]).toEqual([301, `${root}/?a=b`]);
    }
    expect(asked).toEqual([]);
    expect((await cluster.fetch(`POST ${root}?a=b`)).status).toBe(200);
    expect((await cluster.fetch(`GET ${root}/metrics/proxy?a=b`)).status).toBe(200);
    await cluster.send('POST /api/v1/namespaces/proxy-1/serviceaccounts', { body: { metadata: { name: 'default' } } });
    const pod = { metadata: { name: 'proxy' }, spec: { nodeName: 'proxy', containers: [{ name: 'c', image: 'c' }] } };
    const path = '/api/v1/namespaces/proxy-1/pods/proxy';
    const { body: made } = await cluster.send(`POST /api/v1/namespaces/proxy-1/pods`, { body: pod });
    await cluster.send(`PUT ${path}/status`, { body: { ...made, status: { podIP: '10.0.0.5' } } });
    expect((await cluster.fetch(`GET ${path}/proxy/x/y`)).status).toBe(200);
    expect(asked.map(({ request }) => new URL(request.url).pathname + new URL(request.url).search)).toEqual([
      '/?a=b',
      '/metrics/proxy?a=b',
      '/x/y',
    ]);
  });

  it('says which node is missing, and which address or port', async () => {
    cluster = await createTestCluster({
      nodes: { ...nodes, fetch: () => Promise.reject(new Error('no tunnel')) },
    });
    await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
    await cluster.send('POST /api/v1/namespaces/team/serviceaccounts', { body: { metadata: { name: 'default' } } });
    await createPod();
    const refusal = async (path: string) => {
      const { status, body } = await cluster.send(`GET /api/v1/namespaces/team/${path}`);
      return `${status} ${body.message}`;
    };
    expect(await refusal('pods/p/log')).toBe('404 pods "n1" not found');
    expect(await refusal('pods/p/proxy')).toBe('400 address not allowed');
    expect(await refusal('pods/a:b:c/proxy')).toBe('400 invalid pod request "a:b:c"');
    await cluster.send('POST /api/v1/namespaces/team/services', {
      body: { metadata: { name: 's' }, spec: { clusterIP: 'None', ports: [{ port: 80 }] } },
    });
    expect(await refusal('services/s:81/proxy')).toBe('503 no service port 81 found for service "s"');
    expect(await refusal('services/s:web/proxy')).toBe('404 services "s" not found');
    expect(await refusal('services/a:b:c/proxy')).toBe('400 invalid service request "a:b:c"');
    await cluster.send('POST /api/v1/nodes', { body: { metadata: { name: 'n1' } } });
    expect(await refusal('pods/p/log')).toBe('503 error dialing backend: no tunnel');
  });

  it('tells SPDY clients what to use instead', async () => {
    await createPod();
    const { body } = await cluster.send(`POST ${PODS}/p/exec?command=ls`, {
      headers: { Upgrade: 'SPDY/3.1', Connection: 'Upgrade' },
    });
    expect(body).toMatchObject({ code: 400, reason: 'BadRequest', message: expect.stringContaining('kubectl 1.31') });
  });

  it('refuses an exec by GET to who may get but not create', async () => {
    await createPod();
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/team';
    const rules = [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get'] }];
    await cluster.send(`POST ${rbac}/roles`, { body: { metadata: { name: 'r' }, rules } });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }];
    await cluster.send(`POST ${rbac}/rolebindings`, { body: { metadata: { name: 'r' }, roleRef, subjects } });
    const { body } = await cluster.send(`GET ${PODS}/p/exec?command=ls`, { as: { name: 'jane', groups: [] } });
    expect(body).toMatchObject({ code: 403, message: expect.stringContaining('cannot create resource "pods/exec"') });
    expect(asked).toEqual([]);
  });
});
