/** Runs the validation of a kind and turns its findings into one answer. */
import type { Kind, Strategy } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { type FieldError, invalid } from '../../machinery/status.ts';
import { boundedErrors } from '../../machinery/validation/index.ts';
import type { ResourceCall } from '../scope.ts';
import { strategyContext } from './context.ts';

export interface ValidateInput {
  strategy: Strategy;
  dryRun: boolean;
}

/** Throws 422 when a new object breaks a rule; adds its warnings. */
export function validateNew(call: ResourceCall, object: KubeObject, { strategy, dryRun }: ValidateInput): void {
  const context = strategyContext(call, dryRun);
  const errors = boundedErrors(() => [
    ...call.parts.validator.create(call.kind, object),
    ...(strategy.validateCreate?.(object, context) ?? []),
  ]);
  refuse(call.kind, object, errors.length > 0 ? errors : call.parts.validator.createLast(call.kind, object));
  for (const text of strategy.warningsOnCreate?.(object, context) ?? []) call.scope.warn(text);
}

/** Throws 422 when a changed object breaks a rule; adds its warnings. */
export function validateChanged(
  call: ResourceCall,
  object: KubeObject,
  input: ValidateInput & { old: KubeObject; subresource: string },
): void {
  const context = strategyContext(call, input.dryRun);
  const { strategy, old, subresource } = input;
  const errors = boundedErrors(() => [
    ...call.parts.validator.update(call.kind, object, { old, subresource }),
    ...(strategy.validateUpdate?.(object, old, context) ?? []),
  ]);
  refuse(call.kind, object, errors);
  for (const text of strategy.warningsOnUpdate?.(object, old, context) ?? []) call.scope.warn(text);
}

function refuse(kind: Kind, object: KubeObject, errors: FieldError[]): void {
  if (errors.length === 0) return;
  // Objects that two groups serve are named by the group they are stored in.
  const slash = kind.storageVersion.indexOf('/');
  const group = slash < 0 ? '' : kind.storageVersion.slice(0, slash);
  // A custom resource is called what it calls itself.
  const name = kind.itemsCarryType ? (object.kind ?? kind.kind) : kind.kind;
  throw invalid({ group, kind: name }, object.metadata.name ?? '', errors);
}
