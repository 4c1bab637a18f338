/** What a real server answered to writes of pods, nodes and services that break one rule each. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';
import { type Answer, CONTAINER, causesOf, PODS } from './core-cluster.ts';

let cluster: TestCluster;

const causes = (request: string, body: object) => causesOf(cluster, request, body);

async function createPod(name: string, spec: object = {}, metadata: object = {}): Promise<void> {
  const fixed = { automountServiceAccountToken: false, containers: [CONTAINER] };
  await cluster.send(`POST ${PODS}`, { body: { metadata: { name, ...metadata }, spec: { ...fixed, ...spec } } });
}

const putStatus = (name: string, status: object): Promise<string[] | number> =>
  causes(`PUT ${PODS}/${name}/status`, { metadata: { name }, status });

beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'n' } } });
  await cluster.send('POST /api/v1/namespaces/n/serviceaccounts', { body: { metadata: { name: 'default' } } });
});

describe('the status of a pod', () => {
  it('lets an ended container start again where its own rule, its policy or the policy of the pod says so', async () => {
    const rule = (values: number[]): object => ({ action: 'Restart', exitCodes: { operator: 'In', values } });
    const spec = {
      restartPolicy: 'Never',
      containers: [
        CONTAINER,
        { ...CONTAINER, name: 'ruled', restartPolicy: 'Never', restartPolicyRules: [rule([3])] },
        { ...CONTAINER, name: 'failing', restartPolicy: 'OnFailure' },
      ],
    };
    await createPod('ended', spec);
    const states = (state: object): object[] => spec.containers.map(({ name }) => ({ name, state }));
    const ended = [3, 3, 0].map((exitCode, index) => ({ ...states({ terminated: { exitCode } })[index] }));
    expect(await putStatus('ended', { containerStatuses: ended })).toBe(200);
    expect(await putStatus('ended', { containerStatuses: states({ running: {} }) })).toEqual(
      [0, 2].map(
        (index) =>
          `status.containerStatuses[${index}].state: Forbidden: may not be transitioned to non-terminated state`,
      ),
    );
  });

  it('keeps generations that are left out and loses what features that are off would say', async () => {
    await createPod('observed');
    const conditions = [{ type: 'a', status: 'True', observedGeneration: 1 }];
    await putStatus('observed', { observedGeneration: 1, conditions });
    const volumeMounts = [{ name: 'v', mountPath: '/v', volumeStatus: { image: { imageRef: 'r' } } }];
    const reply = await cluster.send<Answer>(`PUT ${PODS}/observed/status`, {
      body: {
        metadata: { name: 'observed' },
        status: {
          conditions: [{ type: 'a', status: 'False' }],
          containerStatuses: [{ name: 'c', volumeMounts }],
          nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: 'r', containers: ['c'] }],
        },
      },
    });
    expect(reply.body.status).toMatchObject({ observedGeneration: 1, conditions: [{ observedGeneration: 1 }] });
    expect(JSON.stringify(reply.body.status)).not.toMatch(/volumeStatus|nodeAllocatable/);
    expect(
      await putStatus('observed', { conditions: [{ type: 'a', status: 'True', observedGeneration: -1 }] }),
    ).toEqual(['status.conditions[0].observedGeneration: Invalid value: -1: must be a non-negative integer']);
  });
});

describe('a resize', () => {
  const amounts = (cpu: string, more: object = {}): object => ({ requests: { cpu, ...more } });
  const resize = (name: string, spec: object): Promise<string[] | number> =>
    causes(`PUT ${PODS}/${name}/resize`, { metadata: { name }, spec });

  it('takes compute resources and refuses containers that come, move or change otherwise', async () => {
    const starting = { name: 'i', image: 'x', resources: amounts('1') };
    const running = { ...CONTAINER, resources: amounts('1') };
    await createPod('sized', { containers: [running], initContainers: [starting] });
    const both = (container: object, init: object = starting): object => ({
      containers: [container],
      initContainers: [init],
    });
    expect(await resize('sized', both({ ...running, image: 'ignored', resources: amounts('2') }))).toBe(200);
    expect(
      await resize('sized', { containers: [running, { ...running, name: 'd' }], initContainers: [starting] }),
    ).toEqual(['spec.containers: Forbidden: containers may not be added or removed on resize']);
    expect(await resize('sized', both({ ...running, name: 'd' }))).toEqual([
      'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
    ]);
    const more = amounts('1', { 'ephemeral-storage': '1' });
    expect(await resize('sized', both(running, { ...starting, resources: more }))).toEqual([
      'spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable',
    ]);
    expect(await resize('sized', both({ ...running, resources: more }))).toEqual([
      'spec: Forbidden: only cpu and memory resources are mutable',
    ]);
  });

  it('keeps what the pod asks for as a whole', async () => {
    await createPod('whole', { resources: amounts('1') });
    expect(await resize('whole', { containers: [CONTAINER] })).toContain(
      'spec.resources: Forbidden: pod-level resources cannot be removed',
    );
    expect(await resize('whole', { containers: [CONTAINER], resources: { requests: { memory: '1' } } })).toEqual([
      'spec.resources.requests: Forbidden: pod-level resource requests cannot be removed',
    ]);
  });
});

describe('an AppArmor annotation', () => {
  const KEY = 'container.apparmor.security.beta.kubernetes.io/c';
  const create = async (value: string, spec: object = {}): Promise<unknown> => {
    const metadata = { name: 'a', annotations: { [KEY]: value } };
    const { body } = await cluster.send<Answer>(`POST ${PODS}?dryRun=All`, {
      body: { metadata, spec: { containers: [CONTAINER], ...spec } },
    });
    const [container] = (body.spec?.containers ?? []) as { securityContext?: unknown }[];
    return container ? container.securityContext : body.message;
  };

  it('becomes a field where it says what a field can say, and differs from that of the pod', async () => {
    expect(await create('runtime/default')).toEqual({ appArmorProfile: { type: 'RuntimeDefault' } });
    expect(await create('localhost/x')).toEqual({ appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } });
    expect(await create('')).toBeUndefined();
    expect(await create('localhost/ x')).toBeUndefined();
    const securityContext = { appArmorProfile: { type: 'Unconfined' } };
    expect(await create('unconfined', { securityContext })).toBeUndefined();
    expect(await create('runtime/default', { securityContext })).toEqual({
      appArmorProfile: { type: 'RuntimeDefault' },
    });
  });
});

describe('a node', () => {
  const create = ({
    metadata,
    ...fields
  }: {
    metadata?: object;
    spec?: object;
    status?: object;
  }): Promise<string[] | number> =>
    causes('POST /api/v1/nodes?dryRun=All', { ...fields, metadata: { name: 'n', ...metadata } });

  it('declares features in order, has some swap or says nothing of it, and names controllers to avoid', async () => {
    expect(await create({ status: { declaredFeatures: ['B', 'A', 'A', 'x'] } })).toEqual([
      'status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically',
      'status.declaredFeatures[2]: Duplicate value: "A"',
      expect.stringContaining('status.declaredFeatures[3]: Invalid value: "x": invalid feature name "x": must start'),
    ]);
    expect(await create({ status: { nodeInfo: { swap: { capacity: 0 } } } })).toEqual([
      'metadata.nodeSwapStatus.capacity: Invalid value: 0: must be greater than zero',
    ]);
    const avoid = 'scheduler.alpha.kubernetes.io/preferAvoidPods';
    expect(await create({ metadata: { annotations: { [avoid]: '{"preferAvoidPods":[{}]}' } } })).toEqual([
      `metadata.annotations.${avoid}[0].PodSignature: Required value`,
    ]);
    expect(await create({ spec: { podCIDRs: ['10.0.0.0/24', '10.0.0.0/24'] } })).toEqual([
      'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.0.0/24"]: may specify no more than one CIDR for each IP family',
    ]);
  });
});

describe('a service', () => {
  const SERVICES = '/api/v1/namespaces/n/services';
  const PORTS = [{ port: 80 }];
  const create = (name: string, spec: object, query = ''): Promise<string[] | number> =>
    causes(`POST ${SERVICES}${query}`, { metadata: { name }, spec: { ports: PORTS, ...spec } });

  it('is told of its families and its address before anything else', async () => {
    const wrong = { ports: [{ port: 0 }] };
    const LIST = '["10.96.0.7","fd00::1"]';
    expect(await create('a', { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd00::1'], ...wrong })).toEqual([
      `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified`,
      `spec.clusterIPs[1]: Invalid value: ${LIST}: IPv6 is not configured on this cluster`,
    ]);
    expect(await create('a', { clusterIP: '1.2.3.4', ...wrong }, '?dryRun=All')).toEqual([
      expect.stringContaining('failed to allocate IP 1.2.3.4: the provided IP (1.2.3.4) is not in the valid range.'),
    ]);
    expect(await create('a', { ipFamilies: ['IPv6'], ipFamilyPolicy: 'RequireDualStack', ...wrong })).toEqual([
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    ]);
  });

  it('of an external name shows no internal traffic policy', async () => {
    const reply = await cluster.send<Answer>(`POST ${SERVICES}`, {
      body: {
        metadata: { name: 'external' },
        spec: { type: 'ExternalName', externalName: 'a.b', internalTrafficPolicy: 'Local' },
      },
    });
    expect(reply.body.spec).not.toHaveProperty('internalTrafficPolicy');
  });

  it('that does not exist is not made from a version that is no number', async () => {
    const metadata = { name: 'absent', resourceVersion: 'x' };
    expect(await causes(`PUT ${SERVICES}/absent`, { metadata, spec: { ports: PORTS } })).toEqual([
      'strconv.ParseUint: parsing "x": invalid syntax',
    ]);
  });
});

describe('a claim', () => {
  const CLAIMS = '/api/v1/namespaces/n/persistentvolumeclaims';
  const SPEC = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };

  it('loses a source in another namespace and keeps any other that it names by reference', async () => {
    const post = async (spec: object): Promise<Answer['spec']> => {
      const body = { metadata: { name: 'c' }, spec: { ...SPEC, ...spec } };
      return (await cluster.send<Answer>(`POST ${CLAIMS}?dryRun=All`, { body })).body.spec;
    };
    const foreign = { apiGroup: 'a.b', kind: 'K', name: 'x', namespace: 'other' };
    expect(await post({ dataSourceRef: foreign })).not.toHaveProperty('dataSourceRef');
    const own = { apiGroup: 'a.b', kind: 'K', name: 'x' };
    expect(await post({ dataSource: own, dataSourceRef: own })).toMatchObject({ dataSource: own, dataSourceRef: own });
    expect(await post({ dataSource: own })).not.toHaveProperty('dataSource');
  });

  it('gives a class of attributes up until the volume has taken it on', async () => {
    const put = (spec: object, subresource = '', status = {}): Promise<string[] | number> =>
      causes(`PUT ${CLAIMS}/classy${subresource}`, {
        metadata: { name: 'classy' },
        spec: { ...SPEC, ...spec },
        status,
      });
    await cluster.send(`POST ${CLAIMS}`, { body: { metadata: { name: 'classy' }, spec: SPEC } });
    await put({}, '/status', { phase: 'Bound' });
    expect(await put({ volumeAttributesClassName: 'a' })).toBe(200);
    expect(await put({})).toBe(200);
    await put({ volumeAttributesClassName: 'a' });
    await put({}, '/status', { phase: 'Bound', currentVolumeAttributesClassName: 'a' });
    expect(await put({ volumeAttributesClassName: '' })).toEqual([
      'spec.volumeAttributesClassName: Forbidden: update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil',
    ]);
  });
});

describe('a volume', () => {
  it('takes mount options by annotation only where its source does, and warns of old names', async () => {
    const create = async (spec: object): Promise<{ status: number; warning: string | null; causes: unknown }> => {
      const reply = await cluster.send<Answer>('POST /api/v1/persistentvolumes?dryRun=All', {
        body: {
          metadata: { name: 'v', annotations: { 'volume.beta.kubernetes.io/mount-options': 'ro' } },
          spec: { capacity: { storage: '1' }, accessModes: ['ReadWriteOnce'], ...spec },
        },
      });
      const { headers, status, body } = reply;
      return { status, warning: headers.get('warning'), causes: body.details?.causes?.map(({ field }) => field) };
    };
    expect((await create({ hostPath: { path: '/x' } })).causes).toEqual([
      'metadata.annotations.volume.beta.kubernetes.io/mount-options',
    ]);
    const matchExpressions = [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }];
    const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions }] } };
    const { status, warning } = await create({ nfs: { server: 's', path: '/x' }, nodeAffinity });
    expect(status).toBe(201);
    expect(warning).toContain('use \\"mountOptions\\" attribute instead');
    expect(warning).toContain('nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated');
  });

  it('stay on their nodes, whose labels may be called by their new names', async () => {
    const spec = { capacity: { storage: '1' }, accessModes: ['ReadWriteOnce'], nfs: { server: 's', path: '/x' } };
    const at = (key: string): object => ({
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'Exists' }] }] } },
    });
    const metadata = { name: 'placed' };
    const body = { metadata, spec: { ...spec, ...at('beta.kubernetes.io/os') } };
    await cluster.send('POST /api/v1/persistentvolumes', { body });
    const fields = async (key: string): Promise<unknown> => {
      const update = { body: { metadata, spec: { ...spec, ...at(key) } } };
      const reply = await cluster.send<Answer>('PUT /api/v1/persistentvolumes/placed?dryRun=All', update);
      return reply.body.details?.causes?.map(({ field }) => field);
    };
    expect(await fields('kubernetes.io/os')).toBeUndefined();
    expect(await fields('other')).toEqual(['nodeAffinity']);
  });
});

describe('endpoints', () => {
  it('are judged by the address that they mean, however it is written', async () => {
    const ips = ['::ffff:127.0.0.1', '127.00.0.1', '0:0:0:0:0:0:0:1', 'x'];
    const subsets = [{ addresses: ips.map((ip) => ({ ip })), ports: [{ port: 1 }] }];
    const LOOPBACK = 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
    const at = (index: number): string =>
      `subsets[0].addresses[${index}].ip: Invalid value: ${JSON.stringify(ips[index])}`;
    expect(await causes('POST /api/v1/namespaces/n/endpoints', { metadata: { name: 'e' }, subsets })).toEqual([
      `${at(0)}: must not be an IPv4-mapped IPv6 address`,
      `${at(0)}: ${LOOPBACK}`,
      `${at(1)}: must not have leading 0s`,
      `${at(1)}: ${LOOPBACK}`,
      `${at(2)}: ${LOOPBACK}`,
      `${at(3)}: must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
      `${at(3)}: must be a valid IP address`,
    ]);
  });
});
