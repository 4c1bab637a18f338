import { describe, expect, it } from 'vitest';
import { NS, policyCluster, rules } from './support.ts';

const MAX = [
  { expression: 'object.data.size() <= int(params.data.max)', messageExpression: "'at most ' + params.data.max" },
];
const configMaps = { apiVersion: 'v1', kind: 'ConfigMap' };
const limit = (name: string, max: string, labels = {}) => ({ metadata: { name, labels }, data: { max } });

async function clusterWithParams() {
  const cluster = await policyCluster();
  await cluster.outcome('POST /api/v1/namespaces', { body: { metadata: { name: 'params' } } });
  const put = (max: string) =>
    cluster.outcome('PUT /api/v1/namespaces/params/configmaps/limit', { body: limit('limit', max) });
  await cluster.outcome('POST /api/v1/namespaces/params/configmaps', { body: limit('limit', '1') });
  return { ...cluster, put };
}

describe('parameters', () => {
  it('are read by name, and anew once they were written here', async () => {
    const cluster = await clusterWithParams();
    const paramRef = { name: 'limit', namespace: 'params', parameterNotFoundAction: 'Deny' };
    const matchConstraints = {
      ...rules(),
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
    };
    await cluster.validating('p', { validations: MAX, paramKind: configMaps, matchConstraints }, { paramRef });
    expect((await cluster.configMap('a', { a: '1', b: '2' })).message).toContain('at most 1');
    await cluster.put('2');
    expect((await cluster.configMap('a', { a: '1', b: '2' })).status).toBe(201);
    await cluster.outcome('DELETE /api/v1/namespaces/params/configmaps/limit');
    expect((await cluster.configMap('b')).message).toContain(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    );
  });

  it('are gone at once when their collection was deleted here', async () => {
    const cluster = await clusterWithParams();
    const paramRef = { name: 'limit', namespace: 'params', parameterNotFoundAction: 'Deny' };
    await cluster.validating('p', { validations: MAX, paramKind: configMaps }, { paramRef });
    expect((await cluster.configMap('a', { a: '1' })).status).toBe(201);
    await cluster.outcome('DELETE /api/v1/namespaces/params/configmaps');
    expect((await cluster.configMap('b', { a: '1' })).message).toContain('no params found');
  });

  it('are asked of storage once a second at most', async () => {
    const cluster = await clusterWithParams();
    const { store } = cluster.options;
    const shard = store.shardOf('configmaps');
    const read: string[] = [];
    const { get } = shard;
    shard.get = (key) => {
      if (key.name === 'limit') read.push(key.name);
      return get.call(shard, key);
    };
    const paramRef = { name: 'limit', namespace: 'params', parameterNotFoundAction: 'Deny' };
    await cluster.validating('p', { validations: MAX, paramKind: configMaps }, { paramRef });
    for (let i = 0; i < 5; i++) await cluster.configMap(`c${i}`, { a: '' });
    expect(read).toHaveLength(1);
    cluster.clock.advance(1_000);
    await cluster.configMap('later', { a: '' });
    expect(read).toHaveLength(2);
  });

  it('of the namespace of the request are chosen by labels, and each is evaluated', async () => {
    const cluster = await policyCluster();
    const labels = { limit: 'yes' };
    for (const name of ['a', 'b']) await cluster.outcome(`POST ${NS}/configmaps`, { body: limit(name, name, labels) });
    const validations = [
      { expression: 'object.metadata.name != params.data.max', messageExpression: "'not ' + params.data.max" },
    ];
    const paramRef = { selector: { matchLabels: labels }, parameterNotFoundAction: 'Allow' };
    const matchConstraints = rules({ resources: ['secrets'] });
    await cluster.validating('p', { validations, paramKind: configMaps, matchConstraints }, { paramRef });
    const secret = (name: string, namespace = 'default') =>
      cluster.outcome(`POST /api/v1/namespaces/${namespace}/secrets`, { body: { metadata: { name } } });
    expect((await secret('a')).message).toContain('not a');
    expect((await secret('b')).message).toContain('not b');
    expect((await secret('c')).status).toBe(201);
    expect((await secret('a', 'kube-system')).status).toBe(201);
  });

  it('that the binding does not name are null', async () => {
    const cluster = await policyCluster();
    const validations = [{ expression: 'params == null' }];
    await cluster.validating('p', { validations, paramKind: configMaps });
    expect((await cluster.configMap('c')).status).toBe(201);
  });

  it('of an unknown kind deny what the policy matches', async () => {
    const cluster = await policyCluster();
    const paramKind = { apiVersion: 'none.example.com/v1', kind: 'None' };
    const paramRef = { name: 'x', parameterNotFoundAction: 'Allow' };
    await cluster.validating('p', { validations: [{ expression: 'true' }], paramKind }, { paramRef });
    expect((await cluster.configMap('c')).message).toContain(
      "denied request: failed to configure policy: failed to find resource referenced by paramKind: 'none.example.com/v1, Kind=None'",
    );
  });

  it('outside namespaces may not be looked for inside one, nor the other way round', async () => {
    const cluster = await policyCluster();
    const paramRef = { name: 'x', namespace: 'default', parameterNotFoundAction: 'Allow' };
    const roles = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
    await cluster.validating('p', { validations: [{ expression: 'true' }], paramKind: roles }, { paramRef });
    expect((await cluster.configMap('c')).message).toContain('paramRef.namespace must not be provided');
    await cluster.validating(
      'q',
      {
        validations: [{ expression: 'true' }],
        paramKind: configMaps,
        matchConstraints: rules({ apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'] }),
      },
      { paramRef: { name: 'x', parameterNotFoundAction: 'Allow' } },
    );
    const role = { body: { metadata: { name: 'r' } } };
    expect((await cluster.outcome('POST /apis/rbac.authorization.k8s.io/v1/clusterroles', role)).message).toContain(
      'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    );
  });

  it('may only be referred to by who can read them', async () => {
    const cluster = await policyCluster();
    const rule = { apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['*'] };
    const role = { metadata: { name: 'author' }, rules: [rule] };
    await cluster.outcome('POST /apis/rbac.authorization.k8s.io/v1/clusterroles', { body: role });
    const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bob' }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'author' };
    await cluster.outcome('POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      body: { metadata: { name: 'author' }, roleRef, subjects },
    });
    const bob = { name: 'bob', groups: ['system:authenticated'] };
    const spec = { paramKind: configMaps, matchConstraints: rules(), validations: [{ expression: 'true' }] };
    const path = '/apis/admissionregistration.k8s.io/v1';
    const policy = { body: { metadata: { name: 'p' }, spec }, as: bob };
    const refused = await cluster.outcome(`POST ${path}/validatingadmissionpolicies`, policy);
    expect(refused.status).toBe(422);
    expect(refused.message).toContain(
      'spec.paramKind: Forbidden: user &{bob  [system:authenticated] map[]} must have "get" permission on all objects of the referenced paramKind (kind=ConfigMap, apiVersion=v1)',
    );
    await cluster.outcome(`POST ${path}/validatingadmissionpolicies`, { body: { metadata: { name: 'p' }, spec } });
    const paramRef = { name: 'x', namespace: 'default', parameterNotFoundAction: 'Deny' };
    const bindingSpec = { policyName: 'p', validationActions: ['Deny'], paramRef };
    const binding = { body: { metadata: { name: 'p' }, spec: bindingSpec }, as: bob };
    const unbound = await cluster.outcome(`POST ${path}/validatingadmissionpolicybindings`, binding);
    expect(unbound.message).toContain('spec.paramRef: Forbidden: user get does not have');
  });
});
