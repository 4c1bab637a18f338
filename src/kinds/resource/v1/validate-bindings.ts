import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { duplicateError, invalidError } from '../../../machinery/validation/index.ts';
import type { Device } from '../../generated/types/resource-v1.ts';
import { validateList } from './lists.ts';
import { validateKey } from './names.ts';

const MAX_CONDITIONS = 4;

/** Conditions that let a pod be bound or not: two lists that need each other and share nothing. */
export function validateBindings(
  bindings: Pick<Device, 'bindingConditions' | 'bindingFailureConditions'>,
  path: string,
): FieldError[] {
  const { bindingConditions, bindingFailureConditions } = bindings;
  const successes = bindingConditions ?? [];
  const failures = bindingFailureConditions ?? [];
  const [first, second] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`];
  const rules = { max: MAX_CONDITIONS, item: validateKey };
  const errors = [...validateList(successes, first, rules), ...validateList(failures, second, rules)];
  for (const [index, condition] of successes.entries())
    if (successes.indexOf(condition) < index) errors.push(duplicateError(`${first}[${index}]`, condition));
  for (const [index, condition] of failures.entries()) {
    if (failures.indexOf(condition) < index) errors.push(duplicateError(`${second}[${index}]`, condition));
    if (successes.includes(condition)) {
      const why = 'bindingFailureConditions must not overlap with bindingConditions';
      errors.push(invalidError(`${second}[${index}]`, condition, why));
    }
  }
  if (successes.length === 0 && failures.length > 0)
    errors.push(
      invalidError(
        first,
        bindingConditions ?? sentEmpty(bindings, 'bindingConditions'),
        'bindingConditions are required to use bindingFailureConditions',
      ),
    );
  if (failures.length === 0 && successes.length > 0)
    errors.push(
      invalidError(
        second,
        bindingFailureConditions ?? sentEmpty(bindings, 'bindingFailureConditions'),
        'bindingFailureConditions are required to use bindingConditions',
      ),
    );
  return errors;
}
