/** What a real server answered to objects that other versions, types or lists see in another way. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

interface Reply {
  metadata: {
    generation?: number;
    annotations?: Record<string, string>;
    managedFields?: { fieldsV1: Record<string, unknown> }[];
  };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  message?: string;
  details?: { causes?: { field: string; message: string }[] };
}

let cluster: TestCluster;
const V1 = '/apis/autoscaling/v1/namespaces/n/horizontalpodautoscalers';
const V2 = '/apis/autoscaling/v2/namespaces/n/horizontalpodautoscalers';
const CARRIER = 'autoscaling.alpha.kubernetes.io/';

interface Options {
  type?: string;
  headers?: Record<string, string>;
}

async function send(request: string, body?: object, options: Options = {}): Promise<Reply> {
  return (await cluster.send<Reply>(request, { ...(body ? { body } : {}), ...options })).body;
}

const causes = async (request: string, body: object): Promise<string[]> =>
  ((await send(request, body)).details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);

beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'n' } } });
});

describe('autoscalers of version 1', () => {
  const autoscaler = (annotations: Record<string, string>, name = 'a'): object => ({
    metadata: { name, annotations },
    spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
  });
  const ofMetrics = (metrics: object[]): object => autoscaler({ [`${CARRIER}metrics`]: JSON.stringify(metrics) });

  it.each([
    ['what cannot be read', { metrics: 'nonsense' }],
    ['an item of another type', { metrics: '[{"type":5}]' }],
    ['nothing', { metrics: '[]', behavior: '{}', 'scale-up-tolerance': '1' }],
  ])('take %s as no metrics, so that the default counts', async (_what, carried) => {
    const annotations = Object.fromEntries(Object.entries(carried).map(([key, value]) => [CARRIER + key, value]));
    const { metadata, spec } = await send(`POST ${V1}?dryRun=All`, autoscaler(annotations));
    expect([metadata.annotations, spec?.targetCPUUtilizationPercentage]).toEqual([undefined, 80]);
  });

  it('drop a value of zero beside a mean, and give each source its type', async () => {
    const target = { kind: 'Service', name: 's' };
    const object = { target, metricName: 'm', averageValue: '2' };
    const metrics = [
      { type: 'Object', object: { ...object, targetValue: '0' } },
      { type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } },
      { type: 'External', external: { metricName: 'm', targetAverageValue: '2' } },
    ];
    await send(`POST ${V1}`, ofMetrics(metrics));
    const { spec } = await send(`GET ${V2}/a`);
    const targets = ((spec?.metrics ?? []) as Record<string, { target?: unknown }>[]).map((metric) =>
      Object.values(metric).map((source) => source.target),
    );
    expect(targets.flat().filter(Boolean)).toEqual([
      { type: 'AverageValue', averageValue: '2' },
      { type: 'AverageValue', averageValue: '1Gi' },
      { type: 'AverageValue', averageValue: '2' },
    ]);
  });

  it('own the annotation that their status travels in, and keep what it says on updates', async () => {
    const body = { ...autoscaler({}, 'b'), status: { currentCPUUtilizationPercentage: 9, desiredReplicas: 1 } };
    const { metadata } = await send(`POST ${V1}`, body);
    expect(metadata.managedFields?.[0]?.fieldsV1['f:metadata']).toEqual({
      'f:annotations': { '.': {}, [`f:${CARRIER}current-metrics`]: {} },
    });
    const conditions = [{ type: 'ScalingActive', status: 'True' }];
    await send(`PATCH ${V2}/b/status`, { status: { conditions } });
    await send(`PUT ${V1}/b`, autoscaler({}, 'b'));
    const { status } = await send(`GET ${V2}/b`);
    expect(status?.conditions).toEqual([{ type: 'ScalingActive', status: 'True', lastTransitionTime: null }]);
  });
});

describe('volumes inside attachments', () => {
  const attach = (inlineVolumeSpec: object): Promise<string[]> =>
    causes('POST /apis/storage.k8s.io/v1/volumeattachments?dryRun=All', {
      metadata: { name: 'v' },
      spec: { attacher: 'a.example.com', nodeName: 'n', source: { inlineVolumeSpec } },
    });
  const csi = { driver: 'a.example.com', volumeHandle: 'h' };
  const path = 'spec.source.inlineVolumeSpec';

  it('have their source checked as that of volumes, and say nothing that only volumes say', async () => {
    const secrets = { ...csi, nodeStageSecretRef: { name: 's' }, nodePublishSecretRef: { name: 's' } };
    expect(await attach({ accessModes: ['ReadWriteOnce'], csi: secrets })).toEqual([
      `${path}.csi.nodePublishSecretRef.namespace: Required value`,
    ]);
    const spec = { accessModes: ['ReadWriteOnce'], csi, nfs: {}, volumeMode: 'Block', storageClassName: 's' };
    expect(await attach({ ...spec, persistentVolumeReclaimPolicy: 'Delete' })).toEqual([
      `${path}.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes`,
      `${path}.nfs.server: Required value`,
      `${path}.nfs.path: Required value`,
      `${path}.nfs.path: Invalid value: "": must be an absolute path`,
      `${path}.csi: Forbidden: may not specify more than 1 volume type`,
      `${path}.storageClassName: Forbidden: may not be specified in the context of inline volumes`,
      `${path}.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes`,
    ]);
    expect(await attach({ accessModes: ['ReadWriteOnce'], csi, persistentVolumeReclaimPolicy: 'Retain' })).toEqual([]);
  });
});

const strategic = 'application/strategic-merge-patch+json';

describe('values that no type describes', () => {
  const path = '/apis/resource.k8s.io/v1/namespaces/n/resourceclaims';
  const claim = (parameters: object): object => ({
    metadata: { name: 'c' },
    spec: {
      devices: {
        requests: [{ name: 'r', exactly: { deviceClassName: 'x.example.com' } }],
        config: [{ opaque: { driver: 'd.example.com', parameters } }],
      },
    },
  });

  it('are told apart by the order of their keys, which only a merge patch keeps', async () => {
    await send(`POST ${path}`, claim({ kind: 'K', apiVersion: 'v1' }));
    const labels = { metadata: { labels: { a: 'b' } } };
    const reply = await send(`PATCH ${path}/c`, labels, { type: strategic });
    expect(reply.message).toMatch(/"Parameters":\{"apiVersion":"v1","kind":"K"\}.*field is immutable$/);
    expect((await send(`PATCH ${path}/c`, labels)).message).toBeUndefined();
    const put = await send(`PUT ${path}/c`, claim({ apiVersion: 'v1', kind: 'K' }));
    expect(put.message).toMatch(/field is immutable$/);
  });

  it('need leave to be written where they tell of devices', async () => {
    const roles = '/apis/rbac.authorization.k8s.io/v1';
    const rules = [{ apiGroups: ['resource.k8s.io'], resources: ['resourceclaims/status'], verbs: ['*'] }];
    await send(`POST ${roles}/clusterroles`, { metadata: { name: 'status' }, rules });
    await send(`POST ${roles}/clusterrolebindings`, {
      metadata: { name: 'status' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'status' },
      subjects: [{ kind: 'User', name: 'ann' }],
    });
    const results = [{ request: 'r', driver: 'd.example.com', pool: 'p', device: 'd' }];
    const status = {
      allocation: { devices: { results } },
      devices: [{ driver: 'd.example.com', pool: 'p', device: 'd' }],
    };
    const headers = { 'Impersonate-User': 'ann' };
    const refused = await send(`PATCH ${path}/c/status`, { status }, { headers });
    expect(refused.details?.causes).toMatchObject([
      {
        field: 'status.allocation',
        message:
          'Forbidden: changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="patch" permission: resourceclaims.resource.k8s.io is forbidden: User "ann" cannot patch resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope',
      },
      {
        field: 'status.devices',
        message:
          'Forbidden: changing status.devices requires resource="resourceclaims/driver", verb="[arbitrary-node:patch]" permission: resourceclaims.resource.k8s.io "d.example.com" is forbidden: User "ann" cannot arbitrary-node:patch resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace "n"',
      },
    ]);
    expect((await send(`PATCH ${path}/c/status`, { status })).message).toBeUndefined();
  });
});

describe('what a change counts as', () => {
  it('is a new generation for what is dropped, or empty where upstream minds', async () => {
    const slices = '/apis/discovery.k8s.io/v1/namespaces/n/endpointslices';
    const slice = (endpoint: object): object => ({
      metadata: { name: 's' },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'], ...endpoint }],
    });
    await send(`POST ${slices}`, slice({}));
    expect((await send(`PUT ${slices}/s`, slice({}))).metadata.generation).toBe(1);
    expect((await send(`PUT ${slices}/s`, slice({ deprecatedTopology: { a: 'b' } }))).metadata.generation).toBe(2);
    const policies = '/apis/networking.k8s.io/v1/namespaces/n/networkpolicies';
    const policy = (ingress?: object[]): object => ({ metadata: { name: 'p' }, spec: { podSelector: {}, ingress } });
    await send(`POST ${policies}`, policy());
    expect((await send(`PUT ${policies}/p`, policy([]))).metadata.generation).toBe(2);
    expect((await send(`PUT ${policies}/p`, policy())).metadata.generation).toBe(2);
  });

  it('keeps the number of the template that a daemon set comes with', async () => {
    const key = 'deprecated.daemonset.template.generation';
    const selector = { matchLabels: { a: 'b' } };
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const updateStrategy = { type: 'OnDelete', rollingUpdate: { maxUnavailable: 5 } };
    const body = { metadata: { name: 'd', annotations: { [key]: '9' } }, spec: { selector, template, updateStrategy } };
    const { metadata, spec } = await send('POST /apis/apps/v1/namespaces/n/daemonsets', body);
    expect(metadata.annotations?.[key]).toBe('9');
    expect(spec?.updateStrategy).toEqual({ type: 'OnDelete', rollingUpdate: { maxUnavailable: 5, maxSurge: 0 } });
  });
});

describe('scales', () => {
  it('are told of fields that a patch makes and that they do not have', async () => {
    const path = '/apis/apps/v1/namespaces/n/replicasets';
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await send(`POST ${path}`, { metadata: { name: 'r' }, spec: { selector: { matchLabels: { a: 'b' } }, template } });
    const strict = await send(`PATCH ${path}/r/scale?fieldValidation=Strict`, { spec: { bogus: 1 } });
    expect(strict.message).toMatch(/strict decoding error: unknown field "spec.bogus"$/);
  });
});

describe('single rules', () => {
  it('name the types of the keys and values of maps', async () => {
    const slice = { metadata: { name: 's' }, spec: { devices: [{ name: 'd', attributes: [] }] } };
    expect((await send('POST /apis/resource.k8s.io/v1/resourceslices', slice)).message).toMatch(
      /Device.spec.devices.attributes of type map\[v1.QualifiedName\]v1.DeviceAttribute$/,
    );
    const request = { metadata: { name: 's' }, spec: { extra: { k: 'v' } } };
    expect((await send('POST /apis/certificates.k8s.io/v1/certificatesigningrequests', request)).message).toMatch(
      /CertificateSigningRequestSpec.spec.extra of type v1.ExtraValue$/,
    );
  });

  it('give no managers to an object with an item of a list that lacks its name', async () => {
    const body = {
      metadata: { name: 'f' },
      spec: { priorityLevelConfiguration: { name: 'exempt' } },
      status: { conditions: [{}] },
    };
    const path = 'POST /apis/flowcontrol.apiserver.k8s.io/v1/flowschemas?dryRun=All';
    expect((await send(path, body)).metadata.managedFields).toBeUndefined();
    expect((await send(path, { ...body, status: {} })).metadata.managedFields).toHaveLength(1);
  });

  it('check each range of services before their families', async () => {
    const path = 'POST /apis/networking.k8s.io/v1/servicecidrs?dryRun=All';
    const range = (cidrs: string[]): Promise<string[]> => causes(path, { metadata: { name: 's' }, spec: { cidrs } });
    expect((await range(['x', 'y'])).map((text) => text.split(':')[0])).toEqual(['spec.cidrs[0]', 'spec.cidrs[1]']);
    expect(await range(['10.0.0.0/8', '11.0.0.0/8'])).toEqual([
      'spec.cidrs: Invalid value: ["10.0.0.0/8","11.0.0.0/8"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ]);
  });

  it('hold the overhead of runtime classes to the rules of limits, and tell tolerations by what they tolerate', async () => {
    const tolerations = [
      { key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 },
      { key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 2 },
    ];
    const overhead = { podFixed: { 'hugepages-2Mi': '3Mi' } };
    const body = { metadata: { name: 'r' }, handler: 'h', overhead, scheduling: { tolerations } };
    const found = await causes('POST /apis/node.k8s.io/v1/runtimeclasses?dryRun=All', body);
    expect(found.map((text) => text.slice(0, 44))).toEqual([
      'overhead.limits[hugepages-2Mi]: Invalid valu',
      'overhead: Forbidden: HugePages require cpu o',
      'scheduling.tolerations[1]: Duplicate value: ',
    ]);
  });
});

describe('names', () => {
  it('of priority classes of the system go with their values, and are no default', async () => {
    const named = (name: string, fields: object): Promise<string[]> =>
      causes('POST /apis/scheduling.k8s.io/v1/priorityclasses?dryRun=All', { metadata: { name }, ...fields });
    const reserved = "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved";
    const refused = (why: string): string[] => [`${reserved} for system use only. error: ${why}`];
    expect(await named('system-x', { value: 1 })).toEqual(refused('system-x is not a known system priority class'));
    expect(await named('system-node-critical', { value: 1 })).toEqual(
      refused('value of system-node-critical PriorityClass must be 2000001000'),
    );
    expect(await named('system-node-critical', { value: 2000001000, globalDefault: true })).toEqual(
      refused('globalDefault of system-node-critical PriorityClass must be false'),
    );
  });

  it('of signers are limited as a whole, and each part of their paths', async () => {
    const signed = async (signerName: string): Promise<string[]> =>
      causes('POST /apis/certificates.k8s.io/v1/certificatesigningrequests?dryRun=All', {
        metadata: { name: 'c' },
        spec: { request: 'eHg=', usages: ['client auth'], signerName },
      });
    const part = 'x'.repeat(200);
    const long = 'spec.signerName: Too long: may not be more than 571 bytes';
    expect(await signed(`a.com/${part}.${part}`)).not.toContain(long);
    expect((await signed(`a.com/${part}.${part}.${part}`)).filter((text) => text.includes('Too long'))).toEqual([long]);
    expect(await signed(`a.com/${'x'.repeat(254)}`)).toContainEqual(
      expect.stringContaining('must be no more than 253'),
    );
  });
});

describe('devices', () => {
  it('are claimed by templates with labels and annotations only, an empty list being more', async () => {
    const metadata = { finalizers: ['x'], ownerReferences: [], name: '', namespace: 'n', generateName: 'g' };
    const set = ['generateName', 'namespace', 'ownerReferences', 'finalizers'];
    const found = await causes('POST /apis/resource.k8s.io/v1/namespaces/n/resourceclaimtemplates?dryRun=All', {
      metadata: { name: 't' },
      spec: { metadata, spec: {} },
    });
    expect(found).toEqual(set.map((field) => `spec.metadata.${field}: Forbidden: cannot be set`));
  });

  it('have what is wrong with a key told of the whole map, and values by the names of internal types', async () => {
    const pool = { name: 'p', resourceSliceCount: 1 };
    const attributes = { 'a-b': {}, c: { int: 1, bool: true } };
    const found = await causes('POST /apis/resource.k8s.io/v1/resourceslices?dryRun=All', {
      metadata: { name: 's' },
      spec: { driver: 'a.com', allNodes: true, pool, devices: [{ name: 'd', attributes }] },
    });
    const [value, names] = ['exactly one value must be specified', ['Int', 'Bool', 'String', 'Version']];
    const shown = [...names.map((name) => `${name}Value`), ...names.map((name) => `${name}Values`)];
    expect(found.map((text) => text.split(': ')[0])).toEqual([
      'spec.devices[0].attributes',
      'spec.devices[0].attributes[a-b]',
      'spec.devices[0].attributes[c]',
    ]);
    expect(found[2]).toContain(value);
    expect(Object.keys(JSON.parse(/\{.*\}/.exec(found[2] ?? '')?.[0] ?? ''))).toEqual(shown);
  });
});

describe('jobs', () => {
  const path = '/apis/batch/v1/namespaces/n/jobs';
  const template = (spec: object = {}): object => ({
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }], ...spec },
  });
  const job = (name: string, spec: object = {}): object => ({
    metadata: { name },
    spec: { template: template(), ...spec },
  });
  const condition = (type: string, status = 'True'): object => ({ type, status });
  const found = async (request: string, body: object): Promise<string[] | undefined> =>
    (await send(request, body)).details?.causes?.map(({ field, message }) => `${field}: ${message}`);

  it('that are suspended, as their controller says, may be placed and sized anew', async () => {
    await send(`POST ${path}`, job('s', { suspend: true }));
    const placed = { spec: { template: { spec: { nodeSelector: { a: 'b' } } } } };
    expect((await found(`PATCH ${path}/s`, placed))?.[0]).toMatch(/^spec.template: .*field is immutable$/);
    await send(`PATCH ${path}/s/status`, { status: { conditions: [condition('Suspended')] } });
    expect(await found(`PATCH ${path}/s`, placed)).toBeUndefined();
    const resources = { requests: { cpu: '1' } };
    const sized = { spec: { template: template({ containers: [{ name: 'c', image: 'i', resources }] }) } };
    expect(await found(`PATCH ${path}/s`, sized)).toBeUndefined();
    const other = { spec: { template: template({ containers: [{ name: 'c', image: 'other' }] }) } };
    expect((await found(`PATCH ${path}/s`, other))?.[0]).toMatch(/^spec.template.spec: .*field is immutable$/);
  });

  it('have the parts of their status checked that a write changes', async () => {
    const wrong = (message: string): string[] => [`status.conditions: Invalid value: ${message}`];
    await send(`POST ${path}`, job('t'));
    const startTime = '2024-01-01T00:00:00Z';
    const ended = { startTime, conditions: [condition('FailureTarget'), condition('Failed')] };
    expect(await found(`PATCH ${path}/t/status`, { status: ended })).toBeUndefined();
    const disabled = { conditions: [condition('FailureTarget', 'False'), condition('Failed')] };
    expect(await found(`PATCH ${path}/t/status`, { status: disabled })).toEqual(
      wrong('cannot disable the terminal FailureTarget=True condition'),
    );
    await send(`POST ${path}`, job('u', { completionMode: 'Indexed', completions: 3, parallelism: 2 }));
    const met = { succeeded: 2, conditions: [condition('SuccessCriteriaMet')] };
    expect(await found(`PATCH ${path}/u/status`, { status: met })).toBeUndefined();
    expect(await found(`PATCH ${path}/u/status`, { status: { succeeded: 1, conditions: [] } })).toEqual([
      'status.succeeded: Invalid value: 1: cannot decrease the succeeded counter',
      ...wrong('cannot disable the SuccessCriteriaMet=True condition'),
    ]);
  });

  it('have names that are those of hosts with an index behind them, where they are indexed', async () => {
    const indexed = { completionMode: 'Indexed', completions: 11, parallelism: 1 };
    expect(await found(`POST ${path}`, job('a.b', indexed))).toEqual([
      'metadata.name: Invalid value: "a.b": will not able to create pod with invalid DNS label: a.b-10',
    ]);
    const long = 'a'.repeat(61);
    expect((await found(`POST ${path}`, job(long, indexed)))?.[0]).toMatch(new RegExp(`: ${long}-10$`));
    expect(await found(`POST ${path}`, job(long, { ...indexed, completions: 10 }))).toBeUndefined();
    expect(await found(`POST ${path}`, job('a.c'))).toBeUndefined();
  });

  it.each([
    ['0 0 * * 7', 'end of range (7) above maximum (6): 7'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['0 0 1 feb-jan *', 'beginning of range (2) beyond end of range (1): feb-jan'],
  ])('are not made by the schedule %s', async (schedule, why) => {
    const body = { metadata: { name: 'c' }, spec: { schedule, jobTemplate: { spec: { template: template() } } } };
    expect(await found('POST /apis/batch/v1/namespaces/n/cronjobs?dryRun=All', body)).toEqual([
      `spec.schedule: Invalid value: "${schedule}": ${why}`,
    ]);
  });
});
