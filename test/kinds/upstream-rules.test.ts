/** What a real server answered to objects that break one rule each. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

interface Status {
  message?: string;
  spec?: unknown;
  status?: unknown;
  details?: { causes?: { field: string; message: string }[] };
}

const NAMESPACE = '/api/v1/namespaces/n';
const TEMPLATE = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
const SELECTOR = { matchLabels: { a: 'b' } };
const NO_METRICS = { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } };

let cluster: TestCluster;

/** `field: message` of every cause, or the status code of a success. */
async function causes(request: string, body: object): Promise<string[] | number> {
  const type = request.startsWith('PATCH') ? { type: 'application/merge-patch+json' } : {};
  const reply = await cluster.send<Status>(request, { body, ...type });
  if (reply.status < 300) return reply.status;
  return reply.body.details?.causes?.map(({ field, message }) => `${field}: ${message}`) ?? [reply.body.message ?? ''];
}

async function causesOfPatch(path: string, body: object): Promise<unknown> {
  const reply = await cluster.send<Status>(`PATCH ${path}`, { type: 'application/strategic-merge-patch+json', body });
  return reply.body.details?.causes?.map(({ field, message }) => `${field}: ${message}`) ?? [reply.body.message];
}

const container = (fields: object): object => ({ containers: [{ name: 'c', image: 'x', ...fields }] });

function create(resource: string, fields: object): Promise<string[] | number> {
  const [group, kind] = KINDS[resource] as [string, string];
  const base = group === 'v1' ? NAMESPACE : `/apis/${group}/namespaces/n`;
  const body = { apiVersion: group, kind, metadata: { name: 'z' }, ...fields };
  return causes(`POST ${base}/${resource}?dryRun=All`, body);
}

const KINDS: Record<string, [group: string, kind: string]> = {
  pods: ['v1', 'Pod'],
  events: ['v1', 'Event'],
  services: ['v1', 'Service'],
  deployments: ['apps/v1', 'Deployment'],
  daemonsets: ['apps/v1', 'DaemonSet'],
  statefulsets: ['apps/v1', 'StatefulSet'],
  cronjobs: ['batch/v1', 'CronJob'],
  horizontalpodautoscalers: ['autoscaling/v2', 'HorizontalPodAutoscaler'],
};

beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'n' } } });
  await cluster.send(`POST ${NAMESPACE}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
});

describe('containers', () => {
  it('are told which of several handlers is the one too many, whose own fields do not count', async () => {
    const livenessProbe = { httpGet: { port: 80 }, tcpSocket: { port: 0 } };
    expect(await create('pods', { spec: container({ livenessProbe }) })).toEqual([
      'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
    ]);
  });

  it('have their rules of restarting checked even where a policy is missing', async () => {
    expect(await create('pods', { spec: container({ restartPolicyRules: [{}] }) })).toEqual([
      'spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
      'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "": supported values: "Restart", "RestartAllContainers"',
      'spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified',
    ]);
    const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
    const initContainers = [{ name: 'i', image: 'x', restartPolicyRules: [{}], resizePolicy }];
    expect(await create('pods', { spec: { ...container({}), initContainers } })).toEqual([
      'spec.initContainers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
      `spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must not be set to 'RestartContainer' for non-sidecar initContainers`,
    ]);
  });

  it('read files from a volume of the pod that is an emptyDir', async () => {
    const valueFrom = { fileKeyRef: { key: 'K', volumeName: 'v', path: '/f' } };
    const spec = container({ env: [{ name: 'A', valueFrom }] });
    const field = 'spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName';
    expect(await create('pods', { spec })).toEqual([`${field}: Not found: "v"`]);
    expect(await create('pods', { spec: { ...spec, volumes: [{ name: 'v', hostPath: { path: '/' } }] } })).toEqual([
      `${field}: Invalid value: "v": referenced volume must be of type emptyDir`,
    ]);
    expect(await create('pods', { spec: { ...spec, volumes: [{ name: 'v', emptyDir: {} }] } })).toBe(201);
  });

  it('lose signals to stop them with, whose gate is off', async () => {
    const spec = container({ lifecycle: { stopSignal: 'SIGTERM' } });
    const { body } = await cluster.send<{ spec: { containers: { lifecycle?: object }[] } }>(
      `POST ${NAMESPACE}/pods?dryRun=All`,
      { body: { metadata: { name: 'z' }, spec } },
    );
    expect(body.spec.containers[0]?.lifecycle).toBeUndefined();
  });

  it('may ask for more than the pod as a whole where that asks for nothing', async () => {
    const spec = container({ resources: { requests: { cpu: '1' } } });
    expect(await create('pods', { spec: { ...spec, resources: {} } })).toBe(201);
  });
});

describe('the status of a pod', () => {
  it('has the address among the addresses, and mappings that name what the pod has', async () => {
    await cluster.send(`POST ${NAMESPACE}/pods`, { body: { metadata: { name: 's' }, spec: container({}) } });
    const put = (status: object): Promise<string[] | number> =>
      causes(`PATCH ${NAMESPACE}/pods/s/status?dryRun=All`, { status });
    expect(await put({ podIP: 'x' })).toEqual([
      'status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
    const at = 'status.extendedResourceClaimStatus';
    const requestMappings = [{ containerName: 'c', resourceName: 'a/b', requestName: 'r' }];
    expect(await put({ extendedResourceClaimStatus: { requestMappings } })).toEqual([
      `${at}.requestMappings[0].resourceName: Invalid value: "a/b": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests`,
      `${at}.resourceClaimName: Required value`,
    ]);
  });
});

describe('workloads', () => {
  it('with a selector that is wrong are told so, and their template is left alone', async () => {
    const selector = { matchLabels: { 'a b': 'c' } };
    const bad = { ...TEMPLATE, spec: { containers: [] } };
    expect(await create('deployments', { spec: { selector, template: bad } })).toEqual([
      expect.stringContaining('spec.selector.matchLabels: Invalid value: "a b": name part must consist of'),
      'spec.selector: Invalid value: {"matchLabels":{"a b":"c"}}: invalid label selector',
    ]);
  });

  it('show a strategy that is unknown in the form of internal types', async () => {
    const spec = { selector: SELECTOR, template: TEMPLATE };
    const strategy = { type: 'x', rollingUpdate: { maxSurge: 1, maxUnavailable: '10%' } };
    expect(await create('deployments', { spec: { ...spec, strategy } })).toEqual([
      'spec.strategy: Unsupported value: {"Type":"x","RollingUpdate":{"MaxUnavailable":"10%","MaxSurge":1}}: supported values: "Recreate", "RollingUpdate"',
    ]);
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 'x', maxUnavailable: 1 } };
    expect(await create('daemonsets', { spec: { ...spec, updateStrategy } })).toEqual([
      expect.stringContaining('spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "x": a valid percent'),
    ]);
  });

  it('overwrite the host names of stateful pods, which are not checked', async () => {
    const template = { ...TEMPLATE, spec: { ...TEMPLATE.spec, hostname: 'Bad_', subdomain: 'Bad_' } };
    expect(await create('statefulsets', { spec: { serviceName: 's', selector: SELECTOR, template } })).toBe(201);
  });

  it('leave the selector of the jobs of a schedule to the server', async () => {
    const jobTemplate = { spec: { selector: {}, template: { spec: { ...TEMPLATE.spec, restartPolicy: 'Never' } } } };
    expect(await create('cronjobs', { spec: { schedule: '* * * * *', jobTemplate } })).toEqual([
      'spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated',
    ]);
  });
});

describe('autoscalers', () => {
  it('follow one source per metric, with a target of a known type', async () => {
    const target = { type: 'Utilization', averageUtilization: 5, averageValue: '1' };
    const metrics = [{ type: 'Resource', resource: { name: 'cpu', target }, pods: { metric: {}, target: {} } }];
    const at = 'spec.metrics[0]';
    expect(await create('horizontalpodautoscalers', { spec: { ...NO_METRICS, metrics } })).toEqual([
      `${at}.pods.metric.name: Required value: must specify a metric name`,
      `${at}.pods.target.type: Required value: must specify a metric target type`,
      `${at}.pods.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue`,
      `${at}.pods.target.averageValue: Required value: must specify a positive target averageValue`,
      `${at}.pods: Forbidden: must populate the given metric source only`,
    ]);
    expect(
      await create('horizontalpodautoscalers', {
        spec: { ...NO_METRICS, metrics: [{ ...metrics[0], pods: undefined }] },
      }),
    ).toEqual([
      `${at}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization`,
    ]);
  });
});

describe('events and services', () => {
  it('are in the namespace of what they are about', async () => {
    expect(await create('events', { involvedObject: { namespace: 'other' } })).toEqual([
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ]);
  });

  it('have their addresses looked at before anything else', async () => {
    expect(await create('services', { spec: { clusterIP: 'x' } })).toEqual([
      'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
  });

  it('keep the node ports of ports of the same name when an update leaves them out', async () => {
    const path = `${NAMESPACE}/services`;
    const ports = [{ name: 'a', port: 80, nodePort: 31000 }];
    await cluster.send(`POST ${path}`, { body: { metadata: { name: 's' }, spec: { type: 'NodePort', ports } } });
    const body = { metadata: { name: 's' }, spec: { type: 'NodePort', ports: [{ name: 'a', port: 81 }] } };
    const reply = await cluster.send<{ spec: { ports: object[] } }>(`PUT ${path}/s`, { body });
    expect(reply.body.spec.ports).toEqual([expect.objectContaining({ port: 81, nodePort: 31000 })]);
    const twice = [...ports, { name: 'b', port: 81, nodePort: 31000 }];
    const shared = { metadata: { name: 's' }, spec: { type: 'NodePort', ports: twice } };
    expect(await causes(`PUT ${path}/s`, shared)).toEqual(['duplicate nodePort: {TCP 31000}']);
    const other = { metadata: { name: 's' }, spec: { ...body.spec, clusterIP: 'x' } };
    expect(await causes(`PUT ${path}/s`, other)).toEqual([
      'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
  });

  it('tell of what was applied and cannot be converted without saying where', async () => {
    const spec = { replicas: 1.5, selector: SELECTOR, template: TEMPLATE };
    const reply = await cluster.send<Status>('PATCH /apis/apps/v1/namespaces/n/deployments/d?fieldManager=m', {
      type: 'application/apply-patch+yaml',
      body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec },
    });
    expect(reply.status).toBe(500);
    expect(reply.body.message).toBe(
      'failed to convert new object (/d; apps/v1, Kind=Deployment) to proper version: unable to convert unstructured object to apps/v1, Kind=Deployment: cannot convert float64 to int32',
    );
  });

  it('are shown as the strategic merge patch that spoilt them', async () => {
    const spec = { replicas: 1, selector: SELECTOR, template: TEMPLATE };
    const path = '/apis/apps/v1/namespaces/n/deployments';
    await cluster.send(`POST ${path}`, { body: { metadata: { name: 'p' }, spec } });
    const failures = async (body: object): Promise<unknown> => {
      const type = 'application/strategic-merge-patch+json';
      const reply = await cluster.send<Status>(`PATCH ${path}/p?fieldValidation=Strict`, { type, body });
      return reply.body.details?.causes?.map(({ message }) => message);
    };
    const shown = (text: string, why: string): string[] => [`Invalid value: "${text}": ${why}`];
    expect(await failures({ spec: { bogus: 1 } })).toEqual(
      shown('map[spec:map[bogus:1]]', 'strict decoding error: unknown field "spec.bogus"').map((text) =>
        text.replaceAll('\\', ''),
      ),
    );
    expect(await failures({ spec: { replicas: 'x' } })).toEqual(
      shown('map[spec:map[replicas:x]]', 'unrecognized type: int32'),
    );
    expect(await failures({ spec: { strategy: { type: 5 } } })).toEqual(
      shown('map[spec:map[strategy:map[type:5]]]', 'cannot convert int64 to v1.DeploymentStrategyType'),
    );
    expect(await causesOfPatch(`${path}/p`, { spec: { replicas: 2147483648 } })).toEqual([
      'spec.replicas: Invalid value: -2147483648: must be greater than or equal to 0',
    ]);
    expect(await causesOfPatch(`${path}/p`, { spec: { template: { spec: { containers: [null] } } } })).toEqual([
      expect.stringMatching(/^list element types are not identical: \[\[map\[image:x .*\]\] \[<nil>\]\]$/),
    ]);
    expect(await failures({ spec: { template: 'x' } })).toEqual(
      shown('map[spec:map[template:x]]', 'cannot restore struct from: string'),
    );
  });
});
