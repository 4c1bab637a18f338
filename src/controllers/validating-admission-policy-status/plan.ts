/** Which expressions of a policy do not fit the types that it names. Upstream: policy/validating/typechecking.go. */
import {
  type ExpressionScope,
  ExpressionVariables,
  type ExpressionWarning,
  typeIssues,
  type ValidatingAdmissionPolicy,
  validatingAdmissionPolicies,
} from '../../kinds/index.ts';
import type { CelType } from '../../machinery/cel/index.ts';
import type { Plan } from '../runtime/apply-plan.ts';

/** A kind that a policy names, and the type of its objects. */
export interface KindType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly type: CelType;
}

export interface TypeCheckInput {
  readonly policy: ValidatingAdmissionPolicy;
  /** The kinds that the rules name, sorted by group, version and kind; those whose type is not known are left out. */
  readonly kinds: readonly KindType[];
  /** The type of the parameters, where it is known. */
  readonly params: CelType | undefined;
}

/** What is wrong with the validations of a policy, for each of the kinds that it names. */
export function checkTypes({ policy, kinds, params }: TypeCheckInput): ExpressionWarning[] {
  const { spec } = policy;
  const issuesOf = (source: string): string =>
    kinds
      .map(({ group, version, kind, type }) => {
        const scope = {
          params: spec.paramKind !== undefined,
          authorizer: true,
          objectType: type,
          ...(params ? { paramsType: params } : {}),
        };
        const issues = typeIssues(source, withVariables(scope, policy));
        const name = `${group}/${version}, Kind=${kind}`;
        return issues === undefined ? '' : `${name}: ${issues}\n`;
      })
      .filter((text) => text !== '')
      .join('\n');
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => {
    const at = `spec.validations[${index}]`;
    const sources = [
      { fieldRef: `${at}.expression`, source: expression },
      { fieldRef: `${at}.messageExpression`, source: messageExpression ?? '' },
    ];
    return sources
      .filter(({ source }) => source !== '')
      .map(({ fieldRef, source }) => ({ fieldRef, warning: issuesOf(source) }))
      .filter(({ warning }) => warning !== '');
  });
}

function withVariables(scope: ExpressionScope, { spec }: ValidatingAdmissionPolicy): ExpressionScope {
  const variables = new ExpressionVariables();
  for (const { name, expression } of spec.variables ?? []) variables.add(name, expression, scope);
  return { ...scope, variables };
}

/** Writes what was found for this generation of the policy. */
export function planStatus(policy: ValidatingAdmissionPolicy, warnings: readonly ExpressionWarning[]): Plan {
  const status = {
    ...policy.status,
    observedGeneration: policy.metadata.generation ?? 0,
    typeChecking: warnings.length === 0 ? {} : { expressionWarnings: [...warnings] },
  };
  const object = { ...policy, status };
  return {
    steps: [{ writes: [{ type: 'update', kind: validatingAdmissionPolicies, object, subresource: 'status' }] }],
  };
}
