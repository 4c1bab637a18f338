import { describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

interface Service {
  metadata: { name: string };
  spec: {
    clusterIP?: string;
    ipFamilies?: string[];
    ports: { port: number; nodePort?: number }[];
    healthCheckNodePort?: number;
  };
  message?: string;
}

const PATH = '/api/v1/namespaces/default/services';

const create = (cluster: TestCluster, name: string, spec: object) =>
  cluster.send<Service>(`POST ${PATH}`, { body: { metadata: { name }, spec } });

const addresses = async (cluster: TestCluster) =>
  (
    await cluster.send<{ metadata: object; items: { metadata: { name: string } }[] }>(
      'GET /apis/networking.k8s.io/v1/ipaddresses',
    )
  ).body.items.map((item) => item.metadata.name);

describe('service addresses', () => {
  it('are never given twice, however many services are made at once', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const made = await Promise.all(
      [...Array(60).keys()].map((i) => create(cluster, `s${i}`, { ports: [{ port: 80 }] })),
    );
    const ips = made.map((reply) => reply.body.spec.clusterIP);
    expect(new Set(ips).size).toBe(60);
    expect(new Set(await addresses(cluster))).toEqual(new Set([...ips, '10.96.0.1']));
  });

  it('are given back with the service, and when it becomes an ExternalName', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    for (const name of ['a', 'b']) await create(cluster, name, { ports: [{ port: 80 }] });
    await cluster.send(`DELETE ${PATH}/a`);
    const spec = { type: 'ExternalName', externalName: 'example.com' };
    expect((await cluster.send(`PATCH ${PATH}/b`, { body: { spec } })).status).toBe(200);
    expect(await addresses(cluster)).toEqual(['10.96.0.1']);
  });

  it('asked for by number are refused when taken or outside the range', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    expect((await create(cluster, 'a', { clusterIP: '10.96.0.88', ports: [{ port: 80 }] })).status).toBe(201);
    const taken = await create(cluster, 'b', { clusterIP: '10.96.0.88', ports: [{ port: 80 }] });
    expect([taken.status, taken.body.message]).toEqual([
      422,
      expect.stringContaining('provided IP is already allocated'),
    ]);
    const outside = await create(cluster, 'c', { clusterIP: '10.97.0.1', ports: [{ port: 80 }] });
    expect([outside.status, outside.body.message]).toEqual([
      422,
      expect.stringContaining('the provided network does not match the current range'),
    ]);
    expect(await addresses(cluster)).toHaveLength(2);
  });

  it('are not taken by headless services, which name both families when they have no selector', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    expect((await create(cluster, 'a', { clusterIP: 'None' })).body.spec.ipFamilies).toEqual(['IPv4', 'IPv6']);
    expect((await create(cluster, 'b', { clusterIP: 'None', selector: { a: 'b' } })).body.spec.ipFamilies).toEqual([
      'IPv4',
    ]);
    expect(await addresses(cluster)).toEqual(['10.96.0.1']);
  });
});

describe('node ports', () => {
  const nodePort = (port: number) => ({ type: 'NodePort', ports: [{ port: 80, nodePort: port }] });

  it('belong to one service until it goes', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    expect((await create(cluster, 'a', nodePort(30_080))).status).toBe(201);
    const taken = await create(cluster, 'b', nodePort(30_080));
    expect(taken.body.message).toBe(
      'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    );
    await cluster.send(`DELETE ${PATH}/a`);
    expect((await create(cluster, 'b', nodePort(30_080))).status).toBe(201);
  });

  it('stay held through changes of status and metadata', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    await create(cluster, 'a', { ...nodePort(30_080), type: 'LoadBalancer' });
    const status = { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } };
    expect((await cluster.send(`PATCH ${PATH}/a/status`, { body: { status } })).status).toBe(200);
    await cluster.send(`PATCH ${PATH}/a`, { body: { metadata: { finalizers: ['example.com/x'] } } });
    await cluster.send(`DELETE ${PATH}/a`);
    expect((await create(cluster, 'b', nodePort(30_080))).status).toBe(422);
  });

  it('are given to many services at once without a clash', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const spec = {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    };
    const made = await Promise.all([...Array(40).keys()].map((i) => create(cluster, `s${i}`, spec)));
    const ports = made.flatMap((reply) => reply.body.spec.ports.map((port) => port.nodePort));
    expect(new Set(ports).size).toBe(80);
  });

  it('are one number for both protocols of a service port, and never that of the health check', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const ports = [
      { name: 'tcp', port: 53 },
      { name: 'udp', port: 53, protocol: 'UDP' },
    ];
    const { body } = await create(cluster, 'dns', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports });
    expect(body.spec.ports[0]?.nodePort).toBe(body.spec.ports[1]?.nodePort);
    expect(body.spec.healthCheckNodePort).toBeGreaterThanOrEqual(30_000);
    expect(body.spec.healthCheckNodePort).not.toBe(body.spec.ports[0]?.nodePort);
  });
});
