import { describe, expect, it } from 'vitest';
import { NS, policyCluster, rules } from './support.ts';

const NO = [{ expression: 'false', message: 'no' }];

describe('the match of a policy', () => {
  it('takes only the resources, operations and versions that a rule names', async () => {
    const cluster = await policyCluster();
    await cluster.validating('p', { validations: NO, matchConstraints: rules({ operations: ['UPDATE'] }) });
    expect((await cluster.configMap('c')).status).toBe(201);
    expect(
      (await cluster.outcome(`PATCH ${NS}/configmaps/c`, { body: { data: { a: 'b' } }, type: 'merge' })).status,
    ).toBe(422);
    expect((await cluster.outcome(`POST ${NS}/secrets`, { body: { metadata: { name: 's' } } })).status).toBe(201);
  });

  it('lets an excluding rule win over a matching one', async () => {
    const cluster = await policyCluster();
    const excludeResourceRules = [
      { apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'], resourceNames: ['spared'] },
    ];
    await cluster.validating('p', { validations: NO, matchConstraints: { ...rules(), excludeResourceRules } });
    expect((await cluster.configMap('c')).status).toBe(422);
    expect((await cluster.configMap('spared')).status).toBe(201);
  });

  it('narrows by the labels of the namespace, and judges a namespace by the labels it will have', async () => {
    const cluster = await policyCluster();
    const namespaceSelector = { matchLabels: { strict: 'yes' } };
    const resources = ['configmaps', 'namespaces'];
    await cluster.validating('p', {
      validations: [{ expression: 'has(object.metadata.annotations)', message: 'annotate' }],
      matchConstraints: { ...rules({ resources }), namespaceSelector },
    });
    expect((await cluster.configMap('c')).status).toBe(201);
    const body = { metadata: { name: 'n', labels: { strict: 'yes' } } };
    expect((await cluster.outcome('POST /api/v1/namespaces', { body })).message).toContain('annotate');
    const labels = { body: { metadata: { labels: { strict: 'yes' } } }, type: 'merge' };
    expect((await cluster.outcome('PATCH /api/v1/namespaces/default', labels)).status).toBe(422);
    const both = { body: { metadata: { labels: { strict: 'yes' }, annotations: { a: 'b' } } }, type: 'merge' };
    expect((await cluster.outcome('PATCH /api/v1/namespaces/default', both)).status).toBe(200);
    expect((await cluster.configMap('d')).status).toBe(422);
  });

  it('never exempts objects outside namespaces by a namespace selector', async () => {
    const cluster = await policyCluster();
    await cluster.validating('p', {
      validations: NO,
      matchConstraints: {
        ...rules({ apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'] }),
        namespaceSelector: { matchLabels: { none: 'such' } },
      },
    });
    const role = { body: { metadata: { name: 'r' } } };
    expect((await cluster.outcome('POST /apis/rbac.authorization.k8s.io/v1/clusterroles', role)).status).toBe(422);
  });

  it('takes an object that has the labels before or after an update', async () => {
    const cluster = await policyCluster();
    await cluster.validating('p', {
      validations: NO,
      matchConstraints: { ...rules({ operations: ['UPDATE'] }), objectSelector: { matchLabels: { a: 'b' } } },
    });
    await cluster.configMap('c', {}, { labels: { a: 'b' } });
    await cluster.configMap('d');
    const change = (name: string, labels: object) =>
      cluster.outcome(`PATCH ${NS}/configmaps/${name}`, { body: { metadata: { labels } }, type: 'merge' });
    expect((await change('c', { a: null })).status).toBe(422);
    expect((await change('d', { a: 'b' })).status).toBe(422);
    expect((await change('d', { a: 'c' })).status).toBe(200);
  });

  it('tells scopes apart, a namespace being outside namespaces', async () => {
    const cluster = await policyCluster();
    const scoped = (scope: string) => rules({ apiGroups: ['*'], resources: ['*'], operations: ['CREATE'], scope });
    await cluster.validating('p', { validations: NO, matchConstraints: scoped('Cluster') });
    expect((await cluster.configMap('c')).status).toBe(201);
    const namespace = { body: { metadata: { name: 'n' } } };
    expect((await cluster.outcome('POST /api/v1/namespaces', namespace)).status).toBe(422);
  });

  it('stays with the version that a rule names when the match is exact', async () => {
    const cluster = await policyCluster();
    const hpa = (matchPolicy: string) => ({
      ...rules({ apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'] }),
      matchPolicy,
    });
    const validations = [
      { expression: 'false', messageExpression: "object.apiVersion + ' ' + request.requestKind.version" },
    ];
    await cluster.validating('p', { validations, matchConstraints: hpa('Exact') });
    const post = () =>
      cluster.outcome('POST /apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers?dryRun=All', {
        body: {
          metadata: { name: 'h' },
          spec: { maxReplicas: 2, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } },
        },
      });
    expect((await post()).status).toBe(201);
    await cluster.validating('q', { validations, matchConstraints: hpa('Equivalent') });
    expect((await post()).message).toContain('autoscaling/v1 v2');
  });

  it('never takes policies and bindings, which could not be mended any more', async () => {
    const cluster = await policyCluster();
    const all = rules({ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'] });
    await cluster.validating('p', { validations: NO, matchConstraints: all });
    expect((await cluster.configMap('c')).status).toBe(422);
    const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/p';
    expect((await cluster.outcome(`DELETE ${path}`)).status).toBe(200);
    expect((await cluster.configMap('c')).status).toBe(201);
  });

  it('narrows what a binding names further, and needs a binding at all', async () => {
    const cluster = await policyCluster();
    const matchResources = { objectSelector: { matchLabels: { bound: 'yes' } } };
    await cluster.validating('p', { validations: NO }, { matchResources });
    expect((await cluster.configMap('c')).status).toBe(201);
    expect((await cluster.configMap('d', {}, { labels: { bound: 'yes' } })).status).toBe(422);
  });

  it('takes connections, whose options are the object', async () => {
    const cluster = await policyCluster();
    const matchConstraints = rules({ resources: ['pods/exec'], operations: ['CONNECT'] });
    const validations = [{ expression: "!('sh' in object.command)", message: 'no shell' }];
    await cluster.validating('p', { validations, matchConstraints });
    const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }], automountServiceAccountToken: false };
    await cluster.outcome(`POST ${NS}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
    await cluster.outcome(`POST ${NS}/pods`, { body: { metadata: { name: 'p' }, spec } });
    const denied = await cluster.outcome(`POST ${NS}/pods/p/exec?command=sh&command=-c&stdout=true`);
    expect(denied.message).toContain('no shell');
  });
});
