/** What a real server answered to objects of the API groups that break one rule each. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

interface Reply {
  metadata: { resourceVersion: string; generation?: number };
  message?: string;
  endpoints?: object[];
  status?: { devices?: unknown; conditions?: { reason?: string }[] };
  details?: { causes?: { field: string; message: string }[] };
}

let cluster: TestCluster;
const answers: { headers?: Headers } = {};

/** `field: message` of every cause, or the status code of a success. */
async function causes(request: string, body: object): Promise<string[] | number> {
  const reply = await cluster.send<Reply>(request, { body });
  answers.headers = reply.headers;
  if (reply.status < 300) return reply.status;
  return reply.body.details?.causes?.map(({ field, message }) => `${field}: ${message}`) ?? [reply.body.message ?? ''];
}

/** Creates an object and gives the causes of the refusal of a change of it. */
async function change(path: string, object: object, changed: object): Promise<string[] | number> {
  const body = { metadata: { name: 'z' }, ...object };
  const created = await cluster.send<Reply>(`POST ${path}`, { body });
  const { resourceVersion } = created.body.metadata;
  return causes(`PUT ${path}/z?dryRun=All`, { metadata: { name: 'z', resourceVersion }, ...object, ...changed });
}

beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'n' } } });
});

describe('endpoint slices', () => {
  const path = 'POST /apis/discovery.k8s.io/v1/namespaces/n/endpointslices?dryRun=All';
  const slice = (fields: object): object => ({
    metadata: { name: 'z' },
    addressType: 'IPv4',
    endpoints: [],
    ...fields,
  });

  it('have no rules for addresses of a type that is not known', async () => {
    const endpoints = [{ addresses: ['nonsense!'] }];
    expect(await causes(path, slice({ addressType: 'X', endpoints }))).toEqual([
      'addressType: Unsupported value: "X": supported values: "FQDN", "IPv4", "IPv6"',
    ]);
  });

  it('hold names of hosts to two segments, and IPv6 addresses to their one form', async () => {
    const name = { addressType: 'FQDN', endpoints: [{ addresses: ['one', ''] }] };
    expect(await causes(path, slice(name))).toEqual([
      'endpoints[0].addresses[0]: Invalid value: "one": should be a domain with at least two segments separated by dots',
      'endpoints[0].addresses[1]: Required value',
    ]);
    const long = { addressType: 'IPv6', endpoints: [{ addresses: ['2001:DB8::1'] }] };
    expect(await causes(path, slice(long))).toEqual([
      'endpoints[0].addresses[0]: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")',
    ]);
  });

  it('tell the faults of ports first, and of hints those of nodes as of zones', async () => {
    const hints = { forNodes: [{ name: 'n1' }, { name: 'n1' }], forZones: [{ name: '-' }] };
    const wrong = { ports: [{ protocol: '' }], endpoints: [{ addresses: ['10.0.0.1'], hints }] };
    const found = (await causes(path, slice(wrong))) as string[];
    expect(found.map((text) => text.slice(0, 60))).toEqual([
      'ports[0].protocol: Unsupported value: "": supported values: ',
      expect.stringMatching(/^endpoints\[0\]\.hints\.forZones\[0\]\.name: Invalid value: "-"/),
      expect.stringMatching(/^endpoints\[0\]\.hints\.forNodes\[1\]\.name: Duplicate value: "n1"/),
    ]);
  });

  it('lose the topology of older versions', async () => {
    const endpoints = [{ addresses: ['10.0.0.1'], deprecatedTopology: { a: 'b' } }];
    const reply = await cluster.send<Reply>(path, { body: slice({ endpoints }) });
    expect(reply.body.endpoints).toEqual([{ addresses: ['10.0.0.1'], conditions: {} }]);
  });
});

describe('changes are held to the rules of new objects, next to what may not change', () => {
  it('of IP addresses', async () => {
    const object = { spec: { parentRef: { resource: 'things', name: 'n' } } };
    const path = '/apis/networking.k8s.io/v1/ipaddresses';
    await cluster.send(`POST ${path}`, { body: { metadata: { name: '192.0.2.1' }, ...object } });
    const before = await cluster.send<Reply>(`GET ${path}/192.0.2.1`, {});
    const metadata = { name: '192.0.2.1', resourceVersion: before.body.metadata.resourceVersion };
    const found = await causes(`PUT ${path}/192.0.2.1`, { metadata, spec: { parentRef: { resource: 'things' } } });
    expect(found).toEqual([
      'spec.parentRef.name: Required value',
      'spec.parentRef: Invalid value: {"Group":"","Resource":"things","Namespace":"","Name":""}: field is immutable',
    ]);
  });

  it('of runtime classes', async () => {
    const changed = { handler: '', scheduling: { tolerations: [{ key: 'k', operator: 'Odd' }] } };
    expect(await change('/apis/node.k8s.io/v1/runtimeclasses', { handler: 'h' }, changed)).toEqual([
      'handler: Required value',
      'scheduling.tolerations[0].operator: Unsupported value: "Odd": supported values: "Equal", "Exists"',
      'handler: Invalid value: "": field is immutable',
    ]);
  });

  it('of storage capacities', async () => {
    const path = '/apis/storage.k8s.io/v1/namespaces/n/csistoragecapacities';
    const found = (await change(path, { storageClassName: 's' }, { storageClassName: '' })) as string[];
    expect(found).toHaveLength(2);
    expect(found[1]).toBe('storageClassName: Invalid value: "": field is immutable');
  });

  it('of ingress classes, what may not change first', async () => {
    const path = '/apis/networking.k8s.io/v1/ingressclasses';
    const spec = { controller: 'example.com/c' };
    expect(await change(path, { spec }, { spec: { controller: 'x' } })).toEqual([
      'spec.controller: Invalid value: "x": field is immutable',
      'spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
    ]);
  });
});

describe('rules of single fields', () => {
  it('take any text after the domain of a controller that may stand in a path', async () => {
    const body = { metadata: { name: 'y' }, spec: { controller: 'example.com/a b' } };
    const found = (await causes('POST /apis/networking.k8s.io/v1/ingressclasses?dryRun=All', body)) as string[];
    expect(found[0]).toMatch(/^spec.controller: Invalid value: "a b": Invalid path \(regex used/);
  });

  it('hold references of ingresses to the forms of group, kind and name', async () => {
    const resource = { apiGroup: '', kind: 'a/b', name: '%' };
    const body = { metadata: { name: 'y' }, spec: { defaultBackend: { resource } } };
    const found = await causes('POST /apis/networking.k8s.io/v1/namespaces/n/ingresses?dryRun=All', body);
    expect((found as string[]).map((text) => text.split(':')[0])).toEqual([
      'spec.defaultBackend.resource.apiGroup',
      'spec.defaultBackend.resource.kind',
      'spec.defaultBackend.resource.name',
    ]);
  });

  it('ask for a preemption policy that is sent empty', async () => {
    const body = { metadata: { name: 'y' }, value: 1, preemptionPolicy: '' };
    expect(await causes('POST /apis/scheduling.k8s.io/v1/priorityclasses', body)).toEqual([
      'preemptionPolicy: Required value',
    ]);
  });

  it('report the name and the namespace of the service of a webhook as each other', async () => {
    const webhook = { name: 'a.example.com', sideEffects: 'None', admissionReviewVersions: ['v1'] };
    const webhooks = [{ ...webhook, clientConfig: { service: { name: 's' } } }];
    const path = 'POST /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
    expect(await causes(path, { metadata: { name: 'y' }, webhooks })).toEqual([
      'webhooks[0].clientConfig.service.name: Required value',
    ]);
  });

  it('ask for the type of a path, and know no empty one', async () => {
    const path = 'POST /apis/networking.k8s.io/v1/namespaces/n/ingresses?dryRun=All';
    const backend = { service: { name: 's', port: { number: 1 } } };
    const ingress = (fields: object): object => ({
      metadata: { name: 'y' },
      spec: { rules: [{ http: { paths: [{ path: '/', backend, ...fields }] } }] },
    });
    const at = 'spec.rules[0].http.paths[0].pathType';
    expect(await causes(path, ingress({}))).toEqual([`${at}: Required value: pathType must be specified`]);
    expect(await causes(path, ingress({ pathType: '' }))).toEqual([expect.stringMatching(/: Unsupported value: ""/)]);
  });

  it('hold the counts of an autoscaler to nothing below zero', async () => {
    const path = '/apis/autoscaling/v2/namespaces/n/horizontalpodautoscalers';
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
    const object = { metadata: { name: 'h' }, spec: { maxReplicas: 2, scaleTargetRef } };
    await cluster.send(`POST ${path}`, { body: object });
    expect(await causes(`PUT ${path}/h/status`, { ...object, status: { desiredReplicas: -1 } })).toEqual([
      'status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });

  it('count every change of a CSI driver', async () => {
    const path = '/apis/storage.k8s.io/v1/csidrivers';
    const created = await cluster.send<Reply>(`POST ${path}`, { body: { metadata: { name: 'd' }, spec: {} } });
    const { resourceVersion } = created.body.metadata;
    const body = { metadata: { name: 'd', resourceVersion }, spec: { podInfoOnMount: true } };
    expect((await cluster.send<Reply>(`PUT ${path}/d`, { body })).body.metadata.generation).toBe(1);
  });

  it('warn of capitals in the driver of a slice', async () => {
    const spec = { driver: 'A.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } };
    await causes('POST /apis/resource.k8s.io/v1/resourceslices', { metadata: { name: 'y' }, spec });
    expect(answers.headers?.get('warning')).toContain('driver names should be lowercase');
  });
});
