/** Runs the validation of a kind and turns its findings into one answer. */
import type { Kind, Strategy } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { type FieldError, invalid } from '../../machinery/status.ts';
import type { ResourceCall } from '../scope.ts';
import { strategyContext } from './context.ts';

export interface ValidateInput {
  strategy: Strategy;
  dryRun: boolean;
}

/** Throws 422 when a new object breaks a rule; adds its warnings. */
export function validateNew(call: ResourceCall, object: KubeObject, { strategy, dryRun }: ValidateInput): void {
  const context = strategyContext(call, dryRun);
  const errors = [
    ...call.parts.validator.create(call.kind, object),
    ...(strategy.validateCreate?.(object, context) ?? []),
  ];
  refuse(call.kind, object, errors);
  for (const text of strategy.warningsOnCreate?.(object, context) ?? []) call.scope.warn(text);
}

/** Throws 422 when a changed object breaks a rule; adds its warnings. */
export function validateChanged(
  call: ResourceCall,
  object: KubeObject,
  input: ValidateInput & { old: KubeObject },
): void {
  const context = strategyContext(call, input.dryRun);
  const { strategy, old } = input;
  const common = call.parts.validator.update(call.kind, object, old);
  // Upstream checks metadata in general and in the strategy of each kind, so that each finding is a cause twice.
  const errors = [...common, ...common, ...(strategy.validateUpdate?.(object, old, context) ?? [])];
  refuse(call.kind, object, errors);
  for (const text of strategy.warningsOnUpdate?.(object, old, context) ?? []) call.scope.warn(text);
}

function refuse(kind: Kind, object: KubeObject, errors: FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: kind.group, kind: kind.kind }, object.metadata.name ?? '', errors);
}
