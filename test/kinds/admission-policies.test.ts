import { describe, expect, it } from 'vitest';
import {
  type MutatingAdmissionPolicy,
  mutatingAdmissionPolicies,
  type ValidatingAdmissionPolicy,
  validatingAdmissionPolicies,
  validatingWebhookConfigurations,
} from '../../src/kinds/index.ts';
import type { StrategyContext } from '../../src/machinery/kind.ts';

const context = {} as StrategyContext;
const rule = { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] };

function validating(spec: object): ValidatingAdmissionPolicy {
  const policy = { metadata: { name: 'p' }, spec: { matchConstraints: { resourceRules: [{ ...rule }] }, ...spec } };
  validatingAdmissionPolicies.defaults?.(policy as unknown as ValidatingAdmissionPolicy);
  return policy as unknown as ValidatingAdmissionPolicy;
}

function mutating(spec: object): MutatingAdmissionPolicy {
  const policy = {
    metadata: { name: 'p' },
    spec: { matchConstraints: { resourceRules: [{ ...rule }] }, reinvocationPolicy: 'Never', ...spec },
  };
  mutatingAdmissionPolicies.defaults?.(policy as unknown as MutatingAdmissionPolicy);
  return policy as unknown as MutatingAdmissionPolicy;
}

const errorsOf = (spec: object): string[] =>
  (validatingAdmissionPolicies.strategy.validateCreate?.(validating(spec), context) ?? []).map(
    ({ field, message }) => `${field}: ${message}`,
  );

const mutationErrorsOf = (spec: object): string[] =>
  (mutatingAdmissionPolicies.strategy.validateCreate?.(mutating(spec), context) ?? []).map(
    ({ field, message }) => `${field}: ${message}`,
  );

describe('validating policies', () => {
  it('know variables only where there are some, and each only those before it', () => {
    expect(errorsOf({ validations: [{ expression: 'variables.a' }] })[0]).toContain(
      "undeclared reference to 'variables'",
    );
    const variables = [
      { name: 'a', expression: 'variables.b' },
      { name: 'b', expression: 'true' },
    ];
    const errors = errorsOf({ variables, validations: [{ expression: 'variables.b' }, { expression: 'variables.c' }] });
    expect(errors[0]).toContain(
      'spec.variables[0].expression: Invalid value: "variables.b": compilation failed: ERROR: <input>:1:10: undefined field \'b\'',
    );
    expect(errors[1]).toContain('spec.validations[1].expression: Invalid value: "variables.c"');
    expect(errors).toHaveLength(2);
  });

  it('know the types of variables, but not those of objects', () => {
    const variables = [
      { name: 'n', expression: '1' },
      { name: 'list', expression: "['a']" },
      { name: 'object', expression: 'request.userInfo' },
    ];
    const bad = errorsOf({ variables, validations: [{ expression: "variables.n == 'x'" }] });
    expect(bad[0]).toContain("found no matching overload for '_==_' applied to '(int, string)'");
    const good = [{ expression: "variables.list.exists(x, x == 'a') && variables.object.anything == 1" }];
    expect(errorsOf({ variables, validations: good })).toEqual([]);
  });

  it('let messages ask no authorizer, and conditions read no variables', () => {
    const validations = [
      { expression: 'true', messageExpression: "string(authorizer.path('/').check('get').allowed())" },
    ];
    expect(errorsOf({ validations })[0]).toContain("undeclared reference to 'authorizer'");
    const spec = {
      variables: [{ name: 'v', expression: 'true' }],
      matchConditions: [{ name: 'c', expression: 'variables.v' }],
      validations: [{ expression: 'true' }],
    };
    expect(errorsOf(spec)[0]).toContain(
      'spec.matchConditions[0].expression: Invalid value: "variables.v": compilation failed',
    );
  });

  it('say of what type the value of an annotation must be', () => {
    expect(errorsOf({ auditAnnotations: [{ key: 'k', valueExpression: ' 1 ' }] })).toEqual([
      'spec.auditAnnotations[0].valueExpression: Invalid value: " 1 ": must evaluate to one of [string null_type] but got int',
    ]);
    expect(errorsOf({ auditAnnotations: [{ key: 'k', valueExpression: 'null' }] })).toEqual([]);
  });

  it('refuse a reason that is no longer one', () => {
    expect(errorsOf({ validations: [{ expression: 'true', reason: 'Unauthorized' }] })).toEqual([
      'spec.validations[0].reason: Unsupported value: "Unauthorized": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    ]);
  });

  it('look at conditions again only when they or the parameters change', () => {
    const conditions = [{ name: 'c', expression: 'nothing' }];
    const policy = (extra = {}) =>
      validating({ matchConditions: conditions, validations: [{ expression: 'true' }], ...extra });
    const update = validatingAdmissionPolicies.strategy.validateUpdate;
    expect(update?.(policy({ failurePolicy: 'Ignore' }), policy(), context)).toEqual([]);
    const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
    expect(update?.(policy({ paramKind }), policy(), context)).toHaveLength(1);
  });
});

describe('mutating policies', () => {
  const errors = (expression: string, patchType = 'ApplyConfiguration') =>
    mutationErrorsOf({
      mutations: [{ patchType, [patchType === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration']: { expression } }],
    });

  it('say what their expressions must give', () => {
    expect(errors('1')[0]).toContain('must evaluate to Object but got int');
    expect(errors('Object{}', 'JSONPatch')[0]).toContain('must evaluate to list(JSONPatch) but got Object');
    expect(errors("Object{spec: Object.spec{x: ['a']}}")).toEqual([]);
    expect(errors("[JSONPatch{op: 'add', path: '/a', value: Object.a{b: 1}}]", 'JSONPatch')).toEqual([]);
    expect(errors('[JSONPatch{op: 1}]', 'JSONPatch')[0]).toContain('expected type of field');
  });

  it('offer objects to mutations only', () => {
    const conditions = [{ name: 'c', expression: 'Object{} == Object{}' }];
    const found = mutationErrorsOf({
      matchConditions: conditions,
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
    });
    expect(found[0]).toContain("undeclared reference to 'Object'");
  });
});

describe('names of configurations', () => {
  it('that stand for configurations from files upstream are warned of', () => {
    const object = { metadata: { name: 'a.static.k8s.io' }, webhooks: [] };
    expect(validatingWebhookConfigurations.strategy.warningsOnCreate?.(object as never, context)).toEqual([
      'metadata.name: names ending with ".static.k8s.io" are reserved for static manifest-based configurations and cannot be managed via the API',
    ]);
  });
});
