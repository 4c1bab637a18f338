/** One mutating policy, compiled. Upstream: policy/mutating/compilation.go. */
import {
  type CompiledExpression,
  compileExpression,
  type MutatingAdmissionPolicy,
  RESULTS,
} from '../../../kinds/index.ts';
import { type CompiledVariables, compileConditions, compileVariables } from '../expressions/index.ts';

export interface CompiledMutation {
  readonly type: 'applyConfiguration' | 'jsonPatch';
  readonly expression: CompiledExpression;
}

export interface CompiledMutatingPolicy {
  readonly failurePolicy: string;
  readonly conditions: readonly CompiledExpression[];
  readonly variables: CompiledVariables;
  readonly mutations: readonly CompiledMutation[];
}

const compiled = new WeakMap<object, CompiledMutatingPolicy>();

/** The policy compiled; once for each of its revisions. */
export function compileMutatingPolicy(policy: MutatingAdmissionPolicy): CompiledMutatingPolicy {
  let known = compiled.get(policy);
  if (!known) {
    known = compile(policy);
    compiled.set(policy, known);
  }
  return known;
}

function compile({ spec }: MutatingAdmissionPolicy): CompiledMutatingPolicy {
  const base = { params: spec.paramKind !== undefined, authorizer: true };
  const { scope, variables } = compileVariables(spec.variables ?? [], base);
  const patches = { ...scope, patches: true };
  return {
    failurePolicy: spec.failurePolicy ?? 'Fail',
    conditions: compileConditions(spec.matchConditions ?? [], scope),
    variables,
    mutations: (spec.mutations ?? []).flatMap(({ jsonPatch, applyConfiguration }) => {
      const type = jsonPatch ? 'jsonPatch' : 'applyConfiguration';
      const source = (jsonPatch ?? applyConfiguration)?.expression ?? '';
      return [{ type, expression: compileExpression(source, patches, RESULTS[type]) } as const];
    }),
  };
}
