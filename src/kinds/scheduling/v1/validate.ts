import { memberOf } from '../../../machinery/own-member.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { forbiddenError, invalidError, notSupportedError, requiredError } from '../../../machinery/validation/index.ts';
import type { PriorityClass } from '../../generated/types/scheduling-v1.ts';

/** Above it only the classes of the system itself. */
const MAX_USER_PRIORITY = 1_000_000_000;
const SYSTEM: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};
const POLICIES = ['PreemptLowerPriority', 'Never'];

function systemFault(name: string, value: number, globalDefault: boolean): string | undefined {
  const known = memberOf(SYSTEM, name);
  if (known === undefined) return `${name} is not a known system priority class`;
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

/** Upstream: scheduling/validation ValidatePriorityClass. */
export function validatePriorityClass({
  metadata,
  value,
  globalDefault,
  preemptionPolicy,
}: PriorityClass): FieldError[] {
  const errors: FieldError[] = [];
  const name = metadata.name ?? '';
  if (name.startsWith('system-')) {
    const fault = systemFault(name, value ?? 0, globalDefault ?? false);
    if (fault !== undefined) {
      const why = `priority class names with 'system-' prefix are reserved for system use only. error: ${fault}`;
      errors.push(forbiddenError('metadata.name', why));
    }
  } else if ((value ?? 0) > MAX_USER_PRIORITY)
    errors.push(forbiddenError('value', `maximum allowed value of a user defined priority is ${MAX_USER_PRIORITY}`));
  if (preemptionPolicy === '') errors.push(requiredError('preemptionPolicy'));
  else if (preemptionPolicy !== undefined && !POLICIES.includes(preemptionPolicy))
    errors.push(notSupportedError('preemptionPolicy', preemptionPolicy, POLICIES));
  return errors;
}

export function validatePriorityClassUpdate(object: PriorityClass, old: PriorityClass): FieldError[] {
  const errors: FieldError[] =
    object.value === old.value ? [] : [forbiddenError('value', 'may not be changed in an update.')];
  if (object.preemptionPolicy !== old.preemptionPolicy)
    errors.push(invalidError('preemptionPolicy', object.preemptionPolicy, 'field is immutable'));
  return errors;
}
