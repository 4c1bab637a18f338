import { describe, expect, it } from 'vitest';
import { type PolicyCluster, policyCluster, rules } from './support.ts';

const bob = { name: 'bob', groups: ['system:authenticated'] };

/** Bob may create ConfigMaps and get Secrets in the default namespace, and nothing else. */
async function clusterOfBob(): Promise<PolicyCluster> {
  const cluster = await policyCluster();
  const path = '/apis/rbac.authorization.k8s.io/v1';
  const roleRules = [
    { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
    { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
  ];
  await cluster.outcome(`POST ${path}/namespaces/default/roles`, {
    body: { metadata: { name: 'bob' }, rules: roleRules },
  });
  const subjects = [
    { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bob' },
    { kind: 'ServiceAccount', name: 'robot', namespace: 'default' },
  ];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'bob' };
  await cluster.outcome(`POST ${path}/namespaces/default/rolebindings`, {
    body: { metadata: { name: 'bob' }, roleRef, subjects },
  });
  return cluster;
}

const create = (cluster: PolicyCluster) =>
  cluster.outcome('POST /api/v1/namespaces/default/configmaps?dryRun=All', {
    body: { metadata: { name: 'c' } },
    as: bob,
  });

const secrets = "authorizer.group('').resource('secrets').namespace('default')";

describe('the authorizer in expressions', () => {
  it('answers for the user of the request', async () => {
    const cluster = await clusterOfBob();
    await cluster.validating('p', { validations: [{ expression: `${secrets}.check('get').allowed()` }] });
    expect((await create(cluster)).status).toBe(201);
    await cluster.validating('q', {
      validations: [{ expression: `${secrets}.check('delete').allowed()`, message: 'no' }],
    });
    expect((await create(cluster)).message).toContain('no');
  });

  it('answers for the resource of the request, and for service accounts', async () => {
    const cluster = await clusterOfBob();
    const robot = "authorizer.serviceAccount('default', 'robot').group('').resource('secrets').namespace('default')";
    await cluster.validating('p', {
      validations: [
        { expression: "authorizer.requestResource.check('create').allowed()", message: 'create' },
        { expression: "!authorizer.requestResource.check('delete').allowed()", message: 'delete' },
        { expression: `${robot}.check('get').allowed()`, message: 'robot' },
        { expression: "!authorizer.path('/metrics').check('get').allowed()", message: 'path' },
      ],
    });
    expect((await create(cluster)).status).toBe(201);
  });

  it('answers in variables, whose cost counts once', async () => {
    const cluster = await clusterOfBob();
    const variables = [
      { name: 'may', expression: `${secrets}.check('get').allowed()` },
      { name: 'both', expression: `variables.may && ${secrets}.check('delete').allowed()` },
    ];
    const validations = [{ expression: '!variables.both', messageExpression: "'may: ' + string(variables.may)" }];
    await cluster.validating('p', { variables, validations });
    expect((await create(cluster)).status).toBe(201);
    await cluster.validating('q', {
      variables,
      validations: [{ expression: 'variables.both', messageExpression: "'may: ' + string(variables.may)" }],
    });
    expect((await create(cluster)).message).toContain('may: true');
  });

  it('answers in match conditions and in mutations', async () => {
    const cluster = await clusterOfBob();
    const matchConditions = [{ name: 'may', expression: `!${secrets}.check('get').allowed()` }];
    await cluster.validating('p', { matchConditions, validations: [{ expression: 'false' }] });
    const expression = `Object{data: {'may': string(${secrets}.check('get').allowed())}}`;
    await cluster.mutating('m', {
      matchConstraints: rules(),
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    });
    expect((await create(cluster)).object.data).toEqual({ may: 'true' });
  });
});
