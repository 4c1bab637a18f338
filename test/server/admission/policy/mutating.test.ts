import { describe, expect, it } from 'vitest';
import { apply, jsonPatch, NS, policyCluster, rules } from './support.ts';

describe('a mutating policy', () => {
  it('merges lists by their keys and fills in defaults again', async () => {
    const cluster = await policyCluster();
    const container = "Object.spec.containers{name: 'side', image: 'side'}";
    await cluster.mutating('p', {
      matchConstraints: rules({ resources: ['pods'] }),
      mutations: [apply(`Object{spec: Object.spec{containers: [${container}]}}`)],
    });
    await cluster.outcome(`POST ${NS}/serviceaccounts`, { body: { metadata: { name: 'default' } } });
    const spec = { containers: [{ name: 'c', image: 'i' }], automountServiceAccountToken: false };
    const { object } = await cluster.outcome(`POST ${NS}/pods`, { body: { metadata: { name: 'p' }, spec } });
    const { containers } = object.spec as { containers: Record<string, unknown>[] };
    expect(containers.map(({ name }) => name)).toEqual(['c', 'side']);
    expect(containers[1]).toMatchObject({ imagePullPolicy: 'Always', terminationMessagePath: '/dev/termination-log' });
  });

  it('is refused where its result is no object of the kind', async () => {
    const cluster = await policyCluster();
    await cluster.mutating('p', { mutations: [jsonPatch("[JSONPatch{op: 'add', path: '/nope', value: 1}]")] });
    const { status, message } = await cluster.configMap('c');
    expect(status).toBe(500);
    expect(message).toBe('Internal error occurred: strict decoding error: unknown field "nope"');
  });

  it('says which field its configuration does not know', async () => {
    const cluster = await policyCluster();
    await cluster.mutating('p', { mutations: [apply("Object{nope: 'x'}")] });
    const { status, message, reason } = await cluster.configMap('c');
    expect([status, reason]).toEqual([403, 'Invalid']);
    expect(message).toBe(
      `policy 'p' with binding 'p' denied request: error applying patch: failed to convert patch object to typed object: .nope: field not declared in schema`,
    );
  });

  it('names objects after the fields that lead to them', async () => {
    const cluster = await policyCluster();
    await cluster.mutating('p', { mutations: [apply('Object{metadata: Object.wrong{name: "x"}}')] });
    expect((await cluster.configMap('c')).message).toContain(
      'type mismatch: unexpected type name "Object.wrong", expected "Object.metadata", which matches field name path from root Object type',
    );
  });

  it('leaves the object alone where its errors are ignored', async () => {
    const cluster = await policyCluster();
    const mutations = [apply("Object{data: {'a': object.data.none}}"), apply("Object{data: {'b': 'set'}}")];
    await cluster.mutating('p', { mutations, failurePolicy: 'Ignore' });
    const { status, object } = await cluster.configMap('c', { k: 'v' });
    expect([status, object.data]).toEqual([201, { k: 'v', b: 'set' }]);
  });

  it('tells every failure as a cause', async () => {
    const cluster = await policyCluster();
    for (const name of ['a', 'b'])
      await cluster.mutating(name, { mutations: [apply("Object{data: {'a': object.data.none}}")] });
    const { object } = await cluster.configMap('c', { k: 'v' });
    const { causes } = (object as unknown as { details: { causes: { message: string }[] } }).details;
    expect(causes.map(({ message }) => message.slice(0, 28))).toEqual([
      "policy 'a' with binding 'a' ",
      "policy 'b' with binding 'b' ",
    ]);
  });

  it('runs once more when a later one changed the object, if it wants to', async () => {
    const cluster = await policyCluster();
    const count = (key: string) =>
      jsonPatch(
        `[JSONPatch{op: 'add', path: '/data/${key}', value: has(object.data.${key}) ? object.data.${key} + 'x' : 'x'}]`,
      );
    await cluster.mutating('a', { reinvocationPolicy: 'IfNeeded', mutations: [count('a')] });
    await cluster.mutating('b', { reinvocationPolicy: 'Never', mutations: [count('b')] });
    const { object } = await cluster.configMap('c', { k: 'v' });
    expect(object.data).toEqual({ k: 'v', a: 'xx', b: 'x' });
  });

  it('stands before validating policies, which see what it did', async () => {
    const cluster = await policyCluster();
    await cluster.mutating('m', { mutations: [apply("Object{metadata: Object.metadata{labels: {'m': 'yes'}}}")] });
    const validations = [{ expression: "object.metadata.labels.m == 'yes'" }];
    await cluster.validating('v', { validations });
    expect((await cluster.configMap('c')).status).toBe(201);
  });

  it('may not delete, and does nothing when objects are deleted', async () => {
    const cluster = await policyCluster();
    await cluster.configMap('c');
    const all = rules({ operations: ['*'] });
    await cluster.mutating('m', { matchConstraints: all, mutations: [apply("Object{data: {'a': object.data.none}}")] });
    expect((await cluster.outcome(`DELETE ${NS}/configmaps/c`)).status).toBe(200);
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies';
    const spec = {
      reinvocationPolicy: 'Never',
      mutations: [apply('Object{}')],
      matchConstraints: rules({ operations: ['DELETE'] }),
    };
    const refused = await cluster.outcome(`POST ${path}`, { body: { metadata: { name: 'd' }, spec } });
    expect(refused.message).toContain(
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    );
  });

  it('works in the version that its rule names, whatever version the client used', async () => {
    const cluster = await policyCluster();
    await cluster.mutating('m', {
      matchConstraints: rules({
        apiGroups: ['autoscaling'],
        apiVersions: ['v1'],
        resources: ['horizontalpodautoscalers'],
      }),
      mutations: [apply('Object{spec: Object.spec{targetCPUUtilizationPercentage: 42}}')],
    });
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
    const { object } = await cluster.outcome('POST /apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', {
      body: { metadata: { name: 'h' }, spec: { maxReplicas: 2, scaleTargetRef } },
    });
    expect(object).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: { metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 42 } } }] },
    });
  });

  it('cannot move an object, nor rename one that is there', async () => {
    const cluster = await policyCluster();
    await cluster.configMap('c');
    const replace = (path: string) =>
      jsonPatch(`[JSONPatch{op: 'replace', path: '/metadata/${path}', value: 'other'}]`);
    await cluster.mutating('m', {
      mutations: [replace('namespace')],
      matchConstraints: rules({ operations: ['CREATE'] }),
    });
    const moved = await cluster.configMap('d');
    expect([moved.status, moved.message]).toEqual([
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ]);
    await cluster.mutating('n', { mutations: [replace('name')], matchConstraints: rules({ operations: ['UPDATE'] }) });
    const patch = { body: { data: { a: 'b' } }, type: 'merge' };
    expect((await cluster.outcome(`PATCH ${NS}/configmaps/c`, patch)).message).toContain('field is immutable');
  });

  it('cannot break the record of who owns what', async () => {
    const cluster = await policyCluster();
    await cluster.mutating('m', {
      mutations: [jsonPatch("[JSONPatch{op: 'remove', path: '/metadata/managedFields/0/apiVersion'}]")],
    });
    const { status, object, warning } = await cluster.configMap('c', { a: 'b' });
    expect(status).toBe(201);
    expect(warning).toContain('.metadata.managedFields was in an invalid state after admission');
    expect(object.metadata.managedFields?.[0]?.apiVersion).toBe('v1');
  });
});
