/** What a real server says of annotations, warns of, and adds to what it is sent. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../support/cluster.ts';
import { type Answer, CONTAINER, causesOf, PODS } from './core-cluster.ts';

let cluster: TestCluster;

const causes = (request: string, body: object) => causesOf(cluster, request, body);

async function createPod(name: string): Promise<void> {
  const spec = { automountServiceAccountToken: false, containers: [CONTAINER] };
  await cluster.send(`POST ${PODS}`, { body: { metadata: { name }, spec } });
}

beforeAll(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'n' } } });
  await cluster.send('POST /api/v1/namespaces/n/serviceaccounts', { body: { metadata: { name: 'default' } } });
});

describe('annotations of a pod', () => {
  const create = (name: string, annotations: object): Promise<string[] | number> =>
    causes(`POST ${PODS}?dryRun=All`, { metadata: { name, annotations }, spec: { containers: [CONTAINER] } });

  it('that hold tolerations are decoded and checked', async () => {
    const key = 'scheduler.alpha.kubernetes.io/tolerations';
    const at = 'metadata.annotations';
    expect(await create('a', { [key]: '[5]' })).toEqual([
      `${at}: Invalid value: "${key}": json: cannot unmarshal number into Go value of type core.Toleration`,
    ]);
    expect(await create('a', { [key]: '[{"KEY":5}]' })).toEqual([
      `${at}: Invalid value: "${key}": json: cannot unmarshal number into Go struct field Toleration.Key of type string`,
    ]);
    expect(await create('a', { [key]: '[{"Key":"a","operator":"Exists","tolerationSeconds":1}]' })).toEqual([
      `${at}.${key}[0].effect: Invalid value: "": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
    ]);
  });

  it('are checked again by every update, and some may not come or change', async () => {
    await createPod('annotated');
    const key = 'container.apparmor.security.beta.kubernetes.io/c';
    const seccomp = 'seccomp.security.alpha.kubernetes.io/pod';
    const metadata = { name: 'annotated', annotations: { [key]: 'runtime/default', [seccomp]: 'bad' } };
    expect(await causes(`PUT ${PODS}/annotated/status`, { metadata, status: {} })).toEqual([
      `metadata.annotations[${key}]: Forbidden: may not add AppArmor annotations`,
      `metadata.annotations.${seccomp}: Invalid value: "bad": must be a valid seccomp profile`,
    ]);
  });

  it('that held init containers once are lost', async () => {
    const annotations = { 'pod.beta.kubernetes.io/init-containers': '[]' };
    const { body } = await cluster.send<{ metadata: object }>(`POST ${PODS}?dryRun=All`, {
      body: { metadata: { name: 'a', annotations }, spec: { containers: [CONTAINER] } },
    });
    expect(body.metadata).not.toHaveProperty('annotations');
  });
});

describe('warnings', () => {
  const warningOf = async (request: string, body: object, type?: string): Promise<string> => {
    const reply = await cluster.send<Answer>(request, { body, ...(type ? { type } : {}) });
    expect(reply.status).toBeLessThan(300);
    return reply.headers.get('warning') ?? '';
  };

  it('tell of port names, addresses and values that do not do what they seem to', async () => {
    const ports = [{ containerPort: 1, name: 'a' }];
    const preference = { matchExpressions: [{ key: 'k', operator: 'In', values: ['-1'] }] };
    const preferredDuringSchedulingIgnoredDuringExecution = [{ weight: 1, preference }];
    const spec = {
      containers: [
        { ...CONTAINER, ports },
        { name: 'd', image: 'x', ports: [{ containerPort: 2, name: 'a' }] },
      ],
      dnsConfig: { nameservers: ['FE80::1'] },
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution } },
    };
    const text = await warningOf(`POST ${PODS}?dryRun=All`, { metadata: { name: 'a' }, spec });
    expect(text).toContain('spec.containers[1].ports[0]: duplicate port name');
    expect(text).toContain('preference.matchExpressions[0].values[0]: -1 is invalid');
    expect(text).toContain('spec.dnsConfig.nameservers[0]: IPv6 address');
  });

  it('of a template come with each new generation, for a replication controller of the template before', async () => {
    const path = '/api/v1/namespaces/n/replicationcontrollers';
    const nodeSelector = { 'beta.kubernetes.io/os': 'linux' };
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [CONTAINER], nodeSelector } };
    expect(await warningOf(`POST ${path}`, { metadata: { name: 'r' }, spec: { template } })).toContain('beta.kube');
    const patch = (body: object): Promise<string> => warningOf(`PATCH ${path}/r`, body, 'application/merge-patch+json');
    expect(await patch({ metadata: { labels: { x: 'y' } } })).toBe('');
    expect(await patch({ spec: { replicas: 2 } })).toContain('beta.kube');
    expect(await patch({ spec: { template: { spec: { nodeSelector: null } } } })).toContain('beta.kube');
    expect(await patch({ spec: { replicas: 3 } })).toBe('');
  });

  it('tell of keys that are no pair and of quotas that ask for more than they allow', async () => {
    const PEM = btoa('-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n');
    const secret = (crt: string, key: string): Promise<string> =>
      warningOf('POST /api/v1/namespaces/n/secrets?dryRun=All', {
        metadata: { name: 's' },
        type: 'kubernetes.io/tls',
        data: { 'tls.crt': crt, 'tls.key': key },
      });
    expect(await secret('', '')).toContain('tls: failed to find any PEM data in certificate input');
    expect(await secret(PEM, PEM)).toContain('but did find a private key; PEM inputs may have been switched');
    const hard = { cpu: '4', 'limits.cpu': '1' };
    expect(
      await warningOf('POST /api/v1/namespaces/n/resourcequotas?dryRun=All', {
        metadata: { name: 'q' },
        spec: { hard },
      }),
    ).toContain('ResourceQuota cpu (4) should be less than limits.cpu (1)');
  });
});

describe('a binding', () => {
  it('takes its version as a precondition, its labels over those of the pod, and ends the nomination', async () => {
    await createPod('bound');
    const status = { nominatedNodeName: 'thought', conditions: [{ type: 'PodScheduled', status: 'False' }] };
    const labels = { a: 'old', b: 'kept' };
    expect(await causes(`PUT ${PODS}/bound/status`, { metadata: { name: 'bound', labels }, status })).toBe(200);
    const bind = (metadata: object): Promise<string[] | number> =>
      causes(`POST ${PODS}/bound/binding`, { metadata: { name: 'bound', ...metadata }, target: { name: 'node' } });
    expect(await bind({ resourceVersion: '1' })).toEqual([
      expect.stringContaining(
        'Precondition failed: ResourceVersion in precondition: 1, ResourceVersion in object meta',
      ),
    ]);
    expect(await bind({ labels: { a: 'new' } })).toBe(201);
    const { body } = await cluster.send<Answer & { metadata: object }>(`GET ${PODS}/bound`);
    expect(body.metadata).toMatchObject({ labels: { a: 'new', b: 'kept' } });
    expect(body.status).not.toHaveProperty('nominatedNodeName');
    expect(body.status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
  });
});

describe('what admission and defaults make of an object', () => {
  it('believes the single range of a node alone', async () => {
    const { body } = await cluster.send<Answer>('POST /api/v1/nodes?dryRun=All', {
      body: { metadata: { name: 'n' }, spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.1.0.0/24', 'fd00::/64'] } },
    });
    expect(body.spec?.podCIDRs).toEqual(['10.0.0.0/24']);
  });

  it('asks for a whole pod what its containers were given by a limit range', async () => {
    const limits = [{ type: 'Container', default: { memory: '1Gi' } }];
    await cluster.send('POST /api/v1/namespaces/n/limitranges', {
      body: { metadata: { name: 'l' }, spec: { limits } },
    });
    const { body } = await cluster.send<Answer>(`POST ${PODS}?dryRun=All`, {
      body: { metadata: { name: 'a' }, spec: { resources: { limits: { cpu: '2' } }, containers: [CONTAINER] } },
    });
    expect(body.spec?.resources).toEqual({ limits: { cpu: '2' }, requests: { cpu: '2', memory: '1Gi' } });
    await cluster.send('DELETE /api/v1/namespaces/n/limitranges/l');
  });

  it('counts in a quota as the server, which is its manager', async () => {
    const path = '/api/v1/namespaces/n/resourcequotas';
    const hard = { configmaps: '5' };
    const metadata = { name: 'counted' };
    await cluster.send(`POST ${path}`, { body: { metadata, spec: { hard } } });
    const status = { hard, used: { configmaps: '0' } };
    await cluster.send(`PUT ${path}/counted/status`, { body: { metadata, spec: { hard }, status } });
    await cluster.send('POST /api/v1/namespaces/n/configmaps', { body: { metadata: { name: 'one' } } });
    const { body } = await cluster.send<{ metadata: { managedFields: object[] } }>(`GET ${path}/counted`);
    expect(body.metadata.managedFields).toContainEqual(
      expect.objectContaining({
        manager: 'kube-apiserver',
        operation: 'Update',
        subresource: 'status',
        fieldsV1: { 'f:status': { 'f:used': { 'f:configmaps': {} } } },
      }),
    );
  });
});

describe('an eviction', () => {
  it('checks how the pod is to be deleted where it is', async () => {
    await createPod('evicted');
    const evict = (deleteOptions: object): Promise<string[] | number> =>
      causes(`POST ${PODS}/evicted/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: 'evicted' },
        deleteOptions,
      });
    expect(await evict({ propagationPolicy: 'x' })).toEqual([
      'propagationPolicy: Unsupported value: "x": supported values: "Foreground", "Background", "Orphan", "nil"',
    ]);
    expect(await evict({ ignoreStoreReadErrorWithClusterBreakingPotential: true })).toEqual([
      'deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential: Invalid value: true: can not be set for pod eviction, try after removing the option',
    ]);
    expect(await evict({})).toBe(201);
  });
});

describe('an update of a pod', () => {
  it('takes a negative period as one second and tells of each new gate once', async () => {
    await createPod('updated');
    const put = (spec: object): Promise<string[] | number> =>
      causes(`PUT ${PODS}/updated?dryRun=All`, {
        metadata: { name: 'updated' },
        spec: { containers: [CONTAINER], ...spec },
      });
    expect(String(await put({ terminationGracePeriodSeconds: -5 }))).toContain('+ "TerminationGracePeriodSeconds": 1,');
    expect(await put({ schedulingGates: [{ name: 'a' }, { name: 'a' }] })).toContain(
      "spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a'",
    );
  });
});
