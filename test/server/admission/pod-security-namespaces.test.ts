import { describe, expect, it } from 'vitest';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';

const PODS = '/api/v1/namespaces/shop/pods';
const label = (name: string) => `pod-security.kubernetes.io/${name}`;

interface PodInput {
  owner?: string;
  spec?: object;
}

const podBody = (name: string, { owner, spec = {} }: PodInput = {}) => ({
  metadata: {
    name,
    ...(owner === undefined
      ? {}
      : {
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }],
        }),
  },
  spec: {
    automountServiceAccountToken: false,
    containers: [{ name: 'c', image: 'i', ...(owner ? {} : { ports: [{ containerPort: 80, hostPort: 80 }] }) }],
    ...spec,
  },
});

const configure = (cluster: TestCluster, configuration: object) =>
  cluster.send('PUT /kedge/v1/configuration/pod-security', {
    body: {
      apiVersion: 'pod-security.admission.config.k8s.io/v1',
      kind: 'PodSecurityConfiguration',
      ...configuration,
    },
  });

/** A cluster with the namespace `shop`. */
async function shop(labels: Record<string, string>, configuration?: object) {
  const cluster = await createTestCluster({ bootstrap: true });
  if (configuration) expect((await configure(cluster, configuration)).status).toBe(200);
  const created = await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'shop', labels } } });
  await cluster.send('POST /api/v1/namespaces/shop/serviceaccounts', { body: { metadata: { name: 'default' } } });
  const relabel = (changed: Record<string, string | null>) =>
    cluster.send('PATCH /api/v1/namespaces/shop', { body: { metadata: { labels: changed } } });
  const create = (name: string, input?: PodInput) => cluster.send(`POST ${PODS}`, { body: podBody(name, input) });
  return { ...cluster, created, relabel, create };
}

const warnings = (reply: { headers: Headers }): string[] =>
  [...(reply.headers.get('warning') ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replaceAll('\\"', '"'),
  );

describe('a namespace that asks for a stricter level', () => {
  it('is told which of its pods violate it, alike ones together', async () => {
    const { relabel, create } = await shop({});
    for (const name of ['c', 'b', 'a']) await create(name);
    await create('web-1', { owner: 'web' });
    const reply = await relabel({ [label('enforce')]: 'baseline' });
    expect(reply.status).toBe(200);
    expect(warnings(reply)).toEqual([
      'existing pods in namespace "shop" violate the new PodSecurity enforce level "baseline:latest"',
      'a (and 2 other pods): hostPort',
    ]);
    expect(warnings(await relabel({ [label('enforce')]: 'restricted' }))).toEqual([
      'existing pods in namespace "shop" violate the new PodSecurity enforce level "restricted:latest"',
      'a (and 2 other pods): hostPort, allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile',
      'web-1: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile',
    ]);
  });

  it('hears nothing when the level is relaxed or stays', async () => {
    const { relabel, create } = await shop({});
    await create('a');
    await relabel({ [label('enforce')]: 'restricted' });
    expect(warnings(await relabel({ other: 'label' }))).toEqual([]);
    expect(warnings(await relabel({ [label('enforce')]: 'baseline' }))).toEqual([]);
    expect(warnings(await relabel({ [label('enforce')]: null }))).toEqual([]);
  });
});

describe('exemptions', () => {
  const exemptions = { namespaces: ['shop'], usernames: ['mallory'], runtimeClasses: ['sandboxed'] };
  const strict = { [label('enforce')]: 'restricted' };

  it('let pods of a namespace pass, and tell who labels it', async () => {
    const { created, create } = await shop(strict, { exemptions });
    expect(warnings(created)).toEqual([
      'namespace "shop" is exempt from Pod Security, and the policy (enforce=restricted:latest) will be ignored',
    ]);
    expect((await create('a')).status).toBe(201);
  });

  it('let pods of a user and of a runtime class pass', async () => {
    const cluster = await shop(strict, { exemptions: { ...exemptions, namespaces: [] } });
    expect((await cluster.create('a')).status).toBe(403);
    const as = { name: 'mallory', groups: ['system:masters'] };
    expect((await cluster.send(`POST ${PODS}`, { body: podBody('b'), as })).status).toBe(201);
    await cluster.send('POST /apis/node.k8s.io/v1/runtimeclasses', {
      body: { metadata: { name: 'sandboxed' }, handler: 'x' },
    });
    expect((await cluster.create('c', { spec: { runtimeClassName: 'sandboxed' } })).status).toBe(201);
  });
});

describe('defaults', () => {
  it('hold for namespaces without labels', async () => {
    const { create, relabel } = await shop({}, { defaults: { enforce: 'baseline', 'enforce-version': 'v1.30' } });
    const refused = await create('a');
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('violates PodSecurity \\"baseline:v1.30\\": hostPort');
    await relabel({ [label('enforce')]: 'privileged' });
    expect((await create('a')).status).toBe(201);
  });
});

describe('a configuration', () => {
  it('is checked as upstream checks its file', async () => {
    const cluster = await createTestCluster({ bootstrap: true });
    const refused = await configure(cluster, {
      defaults: { enforce: 'strict', 'warn-version': '1.2' },
      exemptions: { namespaces: ['A', 'b', 'b'], usernames: [''] },
    });
    expect(refused.status).toBe(400);
    expect((refused.body as unknown as { message: string }).message).toBe(
      '[defaults.enforce: Invalid value: "strict": must be one of privileged, baseline, restricted, ' +
        'defaults.warn-version: Invalid value: "1.2": must be "latest" or "v1.x", ' +
        'exemptions.namespaces[0]: Invalid value: "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \'-\', ' +
        "and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'), " +
        'exemptions.namespaces[2]: Duplicate value: "b", exemptions.usernames[0]: Invalid value: "": username must not be empty]',
    );
    expect((await configure(cluster, { levels: {} })).text).toContain('unknown field');
  });
});
