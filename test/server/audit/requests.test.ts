import { describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../../src/server/audit/event.ts';
import type { AuditLog } from '../../../src/server/contract.ts';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

interface Audited {
  cluster: TestCluster;
  /** Every event so far, in order. */
  events(): Promise<AuditEvent[]>;
}

const POLICY = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy' };
const ALL = { ...POLICY, rules: [{ level: 'RequestResponse' }] };

async function audited(policy: object): Promise<Audited> {
  const kept: string[] = [];
  const log: AuditLog = { append: async (events) => kept.push(...events) * 0 };
  const work: Promise<unknown>[] = [];
  const cluster = await createTestCluster({
    bootstrap: true,
    auditLog: log,
    waitUntil: (promise) => void work.push(promise),
  });
  const put = await cluster.send('PUT /kedge/v1/configuration/audit-policy', { body: policy });
  expect(put.text).toContain('audit-policy');
  cluster.clock.advance(2_000);
  return {
    cluster,
    async events() {
      // An answer's body is read before its event; the collected events are sent a moment later.
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
      cluster.clock.advance(1_000);
      await Promise.all(work.splice(0));
      return kept.map((text) => JSON.parse(text) as AuditEvent);
    },
  };
}

const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { a: '1' },
});

describe('audit events of requests', () => {
  test('a create at level RequestResponse has both objects, the user, the decision and two stages', async () => {
    const { cluster, events } = await audited(ALL);
    await cluster.send('POST /api/v1/namespaces/default/configmaps?fieldManager=me', {
      body: configMap('one'),
      headers: { 'User-Agent': 'kubectl/1', 'X-Forwarded-For': '10.0.0.1, 10.0.0.2', 'Audit-Id': 'abc' },
    });
    const [received, complete, ...rest] = await events();
    expect(rest).toEqual([]);
    expect(received).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'RequestResponse',
      auditID: 'abc',
      stage: 'RequestReceived',
      requestURI: '/api/v1/namespaces/default/configmaps?fieldManager=me',
      verb: 'create',
      user: { username: 'admin', uid: 'admin-uid', groups: ['system:masters', 'system:authenticated'] },
      sourceIPs: ['10.0.0.1', '10.0.0.2'],
      userAgent: 'kubectl/1',
      objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' },
    });
    expect(received?.responseStatus).toBeUndefined();
    expect(received?.requestReceivedTimestamp).toBe(received?.stageTimestamp);
    expect(received?.requestReceivedTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(complete).toMatchObject({
      stage: 'ResponseComplete',
      objectRef: { name: 'one' },
      responseStatus: { metadata: {}, code: 201 },
      requestObject: { kind: 'ConfigMap', data: { a: '1' } },
      responseObject: { kind: 'ConfigMap', metadata: { name: 'one', managedFields: [{ manager: 'me' }] } },
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    });
    expect(Object.keys(complete ?? {})).toEqual([
      ...['kind', 'apiVersion', 'level', 'auditID', 'stage', 'requestURI', 'verb', 'user', 'sourceIPs', 'userAgent'],
      ...['objectRef', 'responseStatus', 'requestObject', 'responseObject'],
      ...['requestReceivedTimestamp', 'stageTimestamp', 'annotations'],
    ]);
  });

  test('level Metadata has no objects, and level Request none of the answer', async () => {
    const { cluster, events } = await audited({
      ...POLICY,
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Request', verbs: ['create'] }, { level: 'Metadata' }],
    });
    await cluster.send('POST /api/v1/namespaces/default/configmaps', { body: configMap('one') });
    await cluster.send('GET /api/v1/namespaces/default/configmaps/one');
    const [create, get, ...rest] = await events();
    expect(rest).toEqual([]);
    expect(create?.requestObject).toMatchObject({ data: { a: '1' } });
    expect(create?.responseObject).toBeUndefined();
    expect(get?.requestObject).toBeUndefined();
    expect(get?.responseObject).toBeUndefined();
    expect(get?.objectRef).toEqual({ resource: 'configmaps', namespace: 'default', name: 'one', apiVersion: 'v1' });
  });

  test('what is no resource shows no object, and no answer shows the credentials of a webhook', async () => {
    const { cluster, events } = await audited({ ...ALL, omitStages: ['RequestReceived'] });
    const webhook = {
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'a' },
      clusters: [{ name: 'a', cluster: { server: 'https://audit.example.com' } }],
      users: [{ name: 'a', user: { token: 'very-secret' } }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    };
    expect((await cluster.send('PUT /kedge/v1/configuration/audit-webhook', { body: webhook })).status).toBe(200);
    const { text } = await cluster.send('GET /kedge/v1/configuration');
    expect(text).toContain('audit.example.com');
    expect(text).not.toContain('very-secret');
    expect((await events()).map(({ requestObject, responseObject }) => [requestObject, responseObject])).toEqual([
      ...[
        [undefined, undefined],
        [undefined, undefined],
      ],
    ]);
  });

  test('managed fields are left out where the policy says so, in objects and in lists', async () => {
    const { cluster, events } = await audited({ ...ALL, omitManagedFields: true, omitStages: ['RequestReceived'] });
    await cluster.send('POST /api/v1/namespaces/default/configmaps?fieldManager=me', { body: configMap('one') });
    await cluster.send('GET /api/v1/namespaces/default/configmaps');
    const [create, list] = await events();
    expect(JSON.stringify(create)).not.toContain('managedFields');
    expect(JSON.stringify(list)).not.toContain('managedFields');
    expect(list?.responseObject).toMatchObject({ items: [{ metadata: { name: 'one' } }] });
  });

  test('a failure has its Status, a denial its reason', async () => {
    const { cluster, events } = await audited({ ...ALL, omitStages: ['RequestReceived'] });
    await cluster.send('GET /api/v1/namespaces/default/configmaps/none');
    await cluster.send('GET /api/v1/namespaces/default/secrets/none', { as: { name: 'jane', groups: [] } });
    const [missing, denied] = await events();
    expect(missing?.responseStatus).toMatchObject({ status: 'Failure', reason: 'NotFound', code: 404 });
    expect(missing?.responseObject).toMatchObject({ kind: 'Status', reason: 'NotFound' });
    expect(denied?.responseStatus).toMatchObject({ status: 'Failure', reason: 'Forbidden', code: 403 });
    expect(denied?.annotations).toMatchObject({ 'authorization.k8s.io/decision': 'forbid' });
  });

  test('wrong credentials make one event, of stage ResponseStarted', async () => {
    const { cluster, events } = await audited(ALL);
    await cluster.send('GET /api/v1/pods', { headers: { Authorization: 'Bearer wrong' } });
    const [event, ...rest] = await events();
    expect(rest).toEqual([]);
    expect(event).toMatchObject({
      stage: 'ResponseStarted',
      user: {},
      responseStatus: { status: 'Failure', reason: 'Unauthorized', code: 401 },
    });
  });

  test('impersonation shows both users', async () => {
    const { cluster, events } = await audited({ ...ALL, omitStages: ['RequestReceived'] });
    await cluster.send('GET /version', { headers: { 'Impersonate-User': 'jane', 'Impersonate-Group': 'devs' } });
    const [event] = await events();
    expect(event?.user.username).toBe('admin');
    expect(event?.impersonatedUser).toEqual({ username: 'jane', groups: ['devs', 'system:authenticated'] });
  });

  test('a delete that answers a Status has it in its status; a patch is shown as it was sent', async () => {
    const { cluster, events } = await audited({
      ...POLICY,
      omitStages: ['RequestReceived'],
      rules: [
        { level: 'Metadata', verbs: ['delete'] },
        { level: 'Request', verbs: ['patch'] },
      ],
    });
    await cluster.send('POST /api/v1/namespaces/default/configmaps', { body: configMap('one') });
    await cluster.send('PATCH /api/v1/namespaces/default/configmaps/one', {
      type: 'merge',
      body: { data: { b: '2' } },
    });
    await cluster.send('DELETE /api/v1/namespaces/default/configmaps/one');
    const [patch, deletion] = await events();
    expect(patch?.requestObject).toEqual({ data: { b: '2' } });
    expect(deletion?.responseStatus).toMatchObject({ status: 'Success', details: { name: 'one' }, code: 200 });
    expect(deletion?.responseObject).toBeUndefined();
  });

  test('a watch has an event when it starts and one when it ends', async () => {
    const { cluster, events } = await audited({ ...POLICY, rules: [{ level: 'Metadata' }] });
    const response = await cluster.fetch('GET /api/v1/configmaps?watch=1');
    expect((await events()).map(({ stage }) => stage)).toEqual(['RequestReceived', 'ResponseStarted']);
    await response.body?.cancel();
    expect((await events()).map(({ stage }) => stage)).toEqual([
      ...['RequestReceived', 'ResponseStarted', 'ResponseComplete'],
    ]);
  });

  test('logs that are followed have an event when they start and one when they end', async () => {
    const { cluster, events } = await audited({ ...POLICY, rules: [{ level: 'Metadata' }] });
    let end: () => void = () => undefined;
    cluster.options.nodes.fetch = async () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('one line\n'));
            end = () => controller.close();
          },
        }),
      );
    const pod = {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
    };
    await cluster.send('POST /api/v1/namespaces/kube-system/serviceaccounts', {
      body: { metadata: { name: 'default' } },
    });
    expect((await cluster.send('POST /api/v1/namespaces/kube-system/pods', { body: pod })).status).toBe(201);
    const before = (await events()).length;
    const response = await cluster.fetch('GET /api/v1/namespaces/kube-system/pods/p/log?follow=true');
    const text = response.text();
    const stages = async () => (await events()).slice(before).map(({ stage }) => stage);
    expect(await stages()).toEqual(['RequestReceived', 'ResponseStarted']);
    end();
    expect(await text).toBe('one line\n');
    expect(await stages()).toEqual(['RequestReceived', 'ResponseStarted', 'ResponseComplete']);
  });

  test('a fault of the server has the stage Panic', async () => {
    const { cluster, events } = await audited({ ...ALL, omitStages: ['RequestReceived'] });
    cluster.options.store.shardOf('configmaps').get = async () => {
      throw new Error('broken');
    };
    await cluster.send('GET /api/v1/namespaces/default/configmaps/one');
    const [event, ...rest] = await events();
    expect(rest).toEqual([]);
    expect(event).toMatchObject({
      stage: 'Panic',
      responseStatus: { message: "APIServer panic'd: broken", code: 500 },
    });
  });

  test('an answer in protobuf or YAML is shown as JSON', async () => {
    const { cluster, events } = await audited({ ...ALL, omitStages: ['RequestReceived'] });
    await cluster.send('POST /api/v1/namespaces/default/configmaps', { body: configMap('one') });
    for (const accept of ['application/yaml', 'application/vnd.kubernetes.protobuf']) {
      const answer = await cluster.fetch('GET /api/v1/namespaces/default/configmaps/one', { accept });
      expect(answer.headers.get('content-type')).toBe(accept);
      await answer.arrayBuffer();
    }
    const [, yaml, protobuf] = await events();
    for (const event of [yaml, protobuf]) {
      expect(event?.responseObject).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } });
    }
  });

  test('without a policy nothing is kept; taking the policy away ends it', async () => {
    const { cluster, events } = await audited({ ...POLICY, rules: [{ level: 'Metadata' }] });
    await cluster.send('GET /version');
    expect(await events()).toHaveLength(2);
    expect((await cluster.send('DELETE /kedge/v1/configuration/audit-policy')).status).toBe(204);
    cluster.clock.advance(2_000);
    await cluster.send('GET /version');
    // The last thing that was audited is the end of the audit.
    expect((await events()).map(({ verb }) => verb)).toEqual(['get', 'get', 'delete', 'delete']);
    expect((await cluster.send('GET /metrics')).text).toContain('apiserver_audit_event_total 4');
  });
});
