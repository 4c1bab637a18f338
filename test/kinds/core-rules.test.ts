/** What a real server answered to writes of pods, nodes and services that break one rule each. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';

interface Answer {
  message?: string;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  details?: { causes?: { field: string; message: string }[] };
}

const PODS = '/api/v1/namespaces/n/pods';
const CONTAINER = { name: 'c', image: 'x' };

let cluster: TestCluster;

/** `field: message` of every cause, or the status code of a success. */
async function causes(request: string, body: object): Promise<string[] | number> {
  const reply = await cluster.send<Answer>(request, { body });
  if (reply.status < 300) return reply.status;
  return reply.body.details?.causes?.map(({ field, message }) => `${field}: ${message}`) ?? [reply.body.message ?? ''];
}

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
  const create = (fields: { metadata?: object } & object): Promise<string[] | number> =>
    causes('POST /api/v1/nodes?dryRun=All', { ...fields, metadata: { name: 'n', ...fields.metadata } });

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
