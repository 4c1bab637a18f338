/** Which parts of a device's capacity may be asked for. Upstream: resource/validation validateRequestPolicy. */
import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { forbiddenError, invalidError, requiredError } from '../../../machinery/validation/index.ts';
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  DeviceCapacity,
} from '../../generated/types/resource-v1.ts';
import { validateSet } from './lists.ts';

const MAX_OPTIONS = 10;

export function validateCapacity(
  { value, requestPolicy }: DeviceCapacity,
  path: string,
  shares: boolean,
): FieldError[] {
  if (!requestPolicy) return [];
  const at = `${path}.requestPolicy`;
  if (!shares) return [forbiddenError(at, 'allowMultipleAllocations must be true')];
  return validatePolicy(requestPolicy, parseQuantity(value ?? '0'), at);
}

function validatePolicy(policy: CapacityRequestPolicy, most: Quantity, path: string): FieldError[] {
  const { validValues, validRange } = policy;
  const options = validValues ?? [];
  if (options.length > 0 && validRange) {
    const why = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    return [forbiddenError(path, why)];
  }
  if (options.length === 0 && !validRange) return [];
  const chosen = policy.default;
  const which = options.length > 0 ? 'validValues' : 'validRange';
  if (chosen === undefined || chosen === null)
    return [requiredError(`${path}.default`, `required when ${which} is defined`)];
  return validRange
    ? validateRange(validRange, { chosen: parseQuantity(chosen), most }, `${path}.validRange`)
    : validateOptions(options, { chosen: parseQuantity(chosen), most }, `${path}.validValues`);
}

interface Bounds {
  chosen: Quantity;
  most: Quantity;
}

function validateOptions(options: readonly string[], { chosen, most }: Bounds, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const values = options.map((option) => parseQuantity(option));
  for (const [index, value] of values.entries())
    if (index > 0 && values[index - 1]!.compare(value) > 0)
      errors.push(invalidError(`${path}[${index}]`, value.toString(), 'values must be sorted in ascending order'));
  const item = (value: Quantity, at: string): FieldError[] =>
    value.compare(most) > 0
      ? [invalidError(at, value.toString(), `option is larger than capacity value: ${most.toString()}`)]
      : [];
  errors.push(...validateSet(values, path, { max: MAX_OPTIONS, item, key: (value) => String(value.value()) }));
  if (!values.some((value) => value.compare(chosen) === 0))
    errors.push(invalidError(path, chosen.toString(), 'default value is not valid according to the requestPolicy'));
  return errors;
}

function validateRange(range: CapacityRequestPolicyRange, { chosen, most }: Bounds, path: string): FieldError[] {
  if (range.min === undefined || range.min === null)
    return [requiredError(`${path}.min`, 'required when validRange is defined')];
  const errors: FieldError[] = [];
  const min = parseQuantity(range.min);
  const refuse = (field: string, value: Quantity, why: string): void => {
    errors.push(invalidError(`${path}.${field}`, value.toString(), why));
  };
  if (min.compare(most) > 0) refuse('min', min, `min is larger than capacity value: ${most.toString()}`);
  if (chosen.compare(min) < 0) refuse('min', chosen, `default is less than min: ${min.toString()}`);
  const max = range.max === undefined ? undefined : parseQuantity(range.max);
  if (max) {
    if (min.compare(max) > 0) refuse('max', min, `min is larger than max: ${max.toString()}`);
    if (max.compare(most) > 0) refuse('max', max, `max is larger than capacity value: ${most.toString()}`);
    if (chosen.compare(max) > 0) refuse('max', chosen, `default is more than max: ${max.toString()}`);
  }
  if (range.step === undefined) return errors;
  const step = parseQuantity(range.step);
  const next = min.add(step);
  if (next.compare(most) > 0)
    refuse('step', step, `one step ${next.toString()} is larger than capacity value: ${most.toString()}`);
  for (const value of max ? [chosen, max] : [chosen]) {
    const distance = Number(value.value()) - Number(min.value());
    if (Number(step.value()) !== 0 && distance % Number(step.value()) !== 0) {
      const why = `value is not a multiple of a given step (${step.toString()}) from (${min.toString()})`;
      refuse('step', value, why);
    }
  }
  return errors;
}
