import { beforeEach, describe, expect, it } from 'vitest';
import { validatingAdmissionPolicyStatusController } from '../../src/controllers/validating-admission-policy-status/index.ts';
import {
  customResourceDefinitions,
  type ValidatingAdmissionPolicy,
  validatingAdmissionPolicies,
} from '../../src/kinds/index.ts';
import { type ControlledCluster, createControlledCluster } from './controlled-cluster.ts';

describe('the status of validating policies', () => {
  let cluster: ControlledCluster;

  beforeEach(async () => {
    cluster = await createControlledCluster({ controllers: () => [validatingAdmissionPolicyStatusController] });
  });

  const deployments = { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], operations: ['CREATE'] };

  async function statusOf(spec: object) {
    const policy = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'p' },
      spec: { matchConstraints: { resourceRules: [deployments] }, ...spec },
    };
    await cluster.admin.create(validatingAdmissionPolicies, policy as unknown as ValidatingAdmissionPolicy);
    await cluster.settle();
    return (await cluster.admin.get<ValidatingAdmissionPolicy>(validatingAdmissionPolicies, { name: 'p' })).status;
  }

  it('is empty for expressions that fit their types', async () => {
    const expression = 'object.spec.replicas <= 3 && object.metadata.labels.all(k, k != "x")';
    expect(await statusOf({ validations: [{ expression }] })).toEqual({ observedGeneration: 1, typeChecking: {} });
  });

  it('names the field, the kind and the place of a name that is not there', async () => {
    const status = await statusOf({
      validations: [{ expression: 'object.spec.replicsa <= 3', messageExpression: "'n' + object.spec.replicas" }],
    });
    const [expression, message] = status?.typeChecking?.expressionWarnings ?? [];
    expect(expression).toEqual({
      fieldRef: 'spec.validations[0].expression',
      warning:
        "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replicsa'\n | object.spec.replicsa <= 3\n | ...........^\n",
    });
    expect(message?.fieldRef).toBe('spec.validations[0].messageExpression');
    expect(message?.warning).toContain("found no matching overload for '_+_' applied to '(string, int)'");
  });

  it('knows the types of variables and of parameters', async () => {
    const status = await statusOf({
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      variables: [{ name: 'n', expression: 'object.spec.replicas' }],
      validations: [{ expression: "variables.n == 'x'" }, { expression: 'params.nothing == 1' }],
    });
    const warnings = status?.typeChecking?.expressionWarnings ?? [];
    expect(warnings.map(({ fieldRef }) => fieldRef)).toEqual([
      'spec.validations[0].expression',
      'spec.validations[1].expression',
    ]);
    expect(warnings[1]?.warning).toContain("undefined field 'nothing'");
  });

  it('says nothing of wildcards, whose types nobody knows', async () => {
    const resourceRules = [{ ...deployments, apiGroups: ['*'] }];
    const validations = [{ expression: 'object.nothing == 1' }];
    const status = await statusOf({ matchConstraints: { resourceRules }, validations });
    expect(status?.typeChecking).toEqual({});
  });

  it('reads the types of custom resources from what the API publishes', async () => {
    const openAPIV3Schema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
    };
    await cluster.admin.create(customResourceDefinitions, {
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
      },
    } as never);
    const resourceRules = [{ ...deployments, apiGroups: ['example.com'], resources: ['widgets'] }];
    const validations = [{ expression: "object.spec.size == 'big'" }, { expression: "object.metadata.name == 'x'" }];
    const status = await statusOf({ matchConstraints: { resourceRules }, validations });
    const warnings = status?.typeChecking?.expressionWarnings ?? [];
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.warning).toContain('example.com/v1, Kind=Widget: ERROR');
  });
});
