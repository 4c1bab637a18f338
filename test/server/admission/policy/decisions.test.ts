import { describe, expect, it } from 'vitest';
import { auditedPolicyCluster, policyCluster, rules } from './support.ts';

describe('a validating policy', () => {
  it('decides by the first denial in the order of the names of policies', async () => {
    const cluster = await policyCluster();
    await cluster.validating('b', { validations: [{ expression: 'false', message: 'second' }] });
    await cluster.validating('a', { validations: [{ expression: 'false', message: 'first', reason: 'Forbidden' }] });
    const { status, message } = await cluster.configMap('c');
    expect(status).toBe(403);
    expect(message).toBe(
      `configmaps "c" is forbidden: ValidatingAdmissionPolicy 'a' with binding 'a' denied request: first`,
    );
  });

  it('warns of failures under a binding with Warn, each with its own message', async () => {
    const cluster = await policyCluster();
    const validations = [{ expression: 'false', message: 'one' }, { expression: 'object.data.none == 1' }];
    await cluster.validating('p', { validations }, { validationActions: ['Warn'] });
    const { status, warning } = await cluster.configMap('c', { a: '' });
    expect(status).toBe(201);
    expect(warning).toContain("binding 'p': one");
    expect(warning).toContain("expression 'object.data.none == 1' resulted in error: no such key: none");
  });

  it('ignores errors when told to, but not false results', async () => {
    const cluster = await policyCluster();
    const validations = [{ expression: "object.data.none == 'x'" }, { expression: "object.data.a != 'no'" }];
    await cluster.validating('p', { validations, failurePolicy: 'Ignore' });
    expect((await cluster.configMap('c', { a: 'yes' })).status).toBe(201);
    expect((await cluster.configMap('d', { a: 'no' })).status).toBe(422);
  });

  it('is left alone by a condition that is false, even when another one fails', async () => {
    const cluster = await policyCluster();
    const matchConditions = [
      { name: 'fails', expression: "object.data.none == 'x'" },
      { name: 'false', expression: "object.metadata.name != 'c'" },
    ];
    await cluster.validating('p', { validations: [{ expression: 'false', message: 'no' }], matchConditions });
    expect((await cluster.configMap('c', { a: '' })).status).toBe(201);
    expect((await cluster.configMap('d', { a: '' })).message).toContain('no such key: none');
  });

  it('stops when its expressions cost more than their budget', async () => {
    const cluster = await policyCluster();
    const keys = Object.fromEntries([...Array(60).keys()].map((i) => [`k${i}`, 'v']));
    const loop = 'object.data.all(a, object.data.all(b, object.data.all(c, a != b || b != c || true)))';
    const validations = [...Array(20).keys()].map(() => ({ expression: loop }));
    await cluster.validating('p', { validations });
    const { status, message } = await cluster.configMap('c', keys);
    expect(status).toBe(422);
    expect(message).toContain('running out of cost budget');
  });

  it('sees empty structs where the API shows them', async () => {
    const cluster = await policyCluster();
    const matchConstraints = rules({ apiGroups: ['apps'], resources: ['deployments'] });
    const containers = 'object.spec.template.spec.containers';
    const validations = [
      { expression: `${containers}.all(c, !has(c.resources.limits))`, message: 'limits' },
      { expression: 'has(object.status)', message: 'status' },
    ];
    await cluster.validating('p', { validations, matchConstraints });
    const labels = { a: 'b' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const body = { metadata: { name: 'd' }, spec: { selector: { matchLabels: labels }, template } };
    const path = '/apis/apps/v1/namespaces/default/deployments';
    expect((await cluster.outcome(`POST ${path}`, { body })).status).toBe(201);
  });

  it('sees the namespace of the request, but not for namespaces themselves', async () => {
    const cluster = await policyCluster();
    const validations = [
      {
        expression: "request.namespace == 'n' ? namespaceObject == null : namespaceObject.metadata.name == 'default'",
        message: 'namespace',
      },
    ];
    await cluster.validating('p', {
      validations,
      matchConstraints: rules({ resources: ['configmaps', 'namespaces'] }),
    });
    expect((await cluster.configMap('c')).status).toBe(201);
    expect((await cluster.outcome('POST /api/v1/namespaces', { body: { metadata: { name: 'n' } } })).status).toBe(201);
  });

  it('hands its annotations to the audit event, values of several bindings joined', async () => {
    const { cluster, annotations } = await auditedPolicyCluster();
    const spec = {
      validations: [{ expression: 'false', message: 'm' }],
      auditAnnotations: [{ key: 'k', valueExpression: "'v-' + object.metadata.name" }],
    };
    await cluster.validating('p', spec, { validationActions: ['Audit'] });
    expect((await cluster.configMap('c')).status).toBe(201);
    expect(await annotations('/configmaps')).toMatchObject({
      'p/k': 'v-c',
      'validation.policy.admission.k8s.io/validation_failure': JSON.stringify([
        { message: 'm', policy: 'p', binding: 'p', expressionIndex: 0, validationActions: ['Audit'] },
      ]),
    });
  });
});
