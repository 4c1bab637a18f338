import { beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, createTestCluster, type TestCluster } from '../support/cluster.ts';

const PATH = '/api/v1/namespaces/team/replicationcontrollers';
let cluster: TestCluster;

beforeEach(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
});

const controller = (grace: string, more = ''): string =>
  `{"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"c"},"spec":{"replicas":0,"selector":{"a":"b"},
    "template":{"metadata":{"labels":{"a":"b"}},"spec":{"terminationGracePeriodSeconds":${grace},
    "containers":[{"name":"c","image":"i"${more}}]}}}}`;

const graceOf = (text: string): string | undefined => /"terminationGracePeriodSeconds":([^,}]+)/.exec(text)?.[1];
const patchOf = (grace: string): string => `{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":${grace}}}}}`;

describe('integers beyond 2^53', () => {
  it('keep their digits through every verb', async () => {
    const send = async (request: string, body?: string, type?: string): Promise<string | undefined> => {
      const reply = await cluster.send(request, { ...(body ? { body } : {}), ...(type ? { type } : {}) });
      expect(reply.status, reply.text).toBeLessThan(300);
      return graceOf(reply.text);
    };
    expect(await send(`POST ${PATH}`, controller('9223372036854775807'))).toBe('9223372036854775807');
    expect(await send(`GET ${PATH}/c`)).toBe('9223372036854775807');
    expect(await send(`PATCH ${PATH}/c`, '{"metadata":{"labels":{"x":"y"}}}', 'merge')).toBe('9223372036854775807');
    expect(await send(`PUT ${PATH}/c`, controller('-9223372036854775808'))).toBe('-9223372036854775808');
    expect(await send(`PATCH ${PATH}/c`, patchOf('9007199254740993'), 'merge')).toBe('9007199254740993');
    expect(await send(`PATCH ${PATH}/c`, patchOf('9007199254740995'), 'strategic')).toBe('9007199254740995');
    const path = '/spec/template/spec/terminationGracePeriodSeconds';
    const tested = `[{"op":"test","path":"${path}","value":9007199254740995},
      {"op":"replace","path":"${path}","value":9007199254740997}]`;
    expect(await send(`PATCH ${PATH}/c`, tested, 'json')).toBe('9007199254740997');
    const applied = `{"apiVersion":"v1","kind":"ReplicationController",${patchOf('9007199254740999').slice(1)}`;
    expect(await send(`PATCH ${PATH}/c?fieldManager=m&force=true`, applied, 'apply')).toBe('9007199254740999');
    const yaml =
      'apiVersion: v1\nkind: ReplicationController\nspec:\n  template:\n    spec:\n      terminationGracePeriodSeconds: 9007199254741001\n';
    expect(await send(`PATCH ${PATH}/c?fieldManager=m&force=true`, yaml, 'apply')).toBe('9007199254741001');
  });

  it('pass through Protocol Buffers', async () => {
    await cluster.send(`POST ${PATH}`, { body: controller('-9007199254740993') });
    const protobuf = 'application/vnd.kubernetes.protobuf';
    const message = await (await cluster.fetch(`GET ${PATH}/c`, { accept: protobuf })).arrayBuffer();
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': protobuf };
    const request = new Request(`http://cluster.test${PATH}/c`, { method: 'PUT', headers, body: message });
    const reply = await cluster.server.fetch(request);
    expect(graceOf(await reply.text())).toBe('-9007199254740993');
  });

  it.each(['1.0', '1e0', '9223372036854775808', '12345678901234567890123'])(
    'are no integers when they are written as %s',
    async (literal) => {
      const reply = await cluster.send(`POST ${PATH}`, { body: controller(literal) });
      expect(reply.status).toBe(400);
      expect(reply.text).toContain(`cannot unmarshal number ${literal} into Go struct field PodSpec`);
    },
  );

  it('are digits of quantities too, whose numbers keep the form in which they were written', async () => {
    const resources = ',"resources":{"limits":{"cpu":12345678901234567,"memory":1e3},"requests":{"cpu":0.5}}';
    const reply = await cluster.send(`POST ${PATH}`, { body: controller('1', resources) });
    expect(reply.text).toContain('"limits":{"cpu":"12345678901234567","memory":"1e3"},"requests":{"cpu":"500m"}');
  });

  it('make periods that wrap around as nanoseconds do in 64 bits', async () => {
    const pods = '/api/v1/namespaces/team/pods';
    const remaining = async (grace: string): Promise<number> => {
      const pod = `{"metadata":{"name":"p"},"spec":{"nodeName":"n","automountServiceAccountToken":false,
        "terminationGracePeriodSeconds":${grace},"containers":[{"name":"c","image":"i"}]}}`;
      await cluster.send(`POST ${pods}`, { body: pod });
      const { text } = await cluster.send(`DELETE ${pods}/p`);
      expect(text).toContain(`"deletionGracePeriodSeconds":${grace}`);
      await cluster.send(`DELETE ${pods}/p?gracePeriodSeconds=0`);
      const at = Date.parse(/"deletionTimestamp":"([^"]+)"/.exec(text)?.[1] ?? '');
      return Math.round((at - cluster.clock.now()) / 1000);
    };
    await cluster.send('POST /api/v1/namespaces/team/serviceaccounts', { body: { metadata: { name: 'default' } } });
    expect(await remaining('30')).toBe(30);
    expect(await remaining('9223372036')).toBe(9223372036);
    expect(await remaining('9223372037')).toBe(-9223372037);
    expect(await remaining('9223372036854775807')).toBe(-1);
  });
});
