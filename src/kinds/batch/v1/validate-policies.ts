/** What a job makes of the failures and successes of its pods. Upstream: batch/validation validatePodFailurePolicy. */
import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  duplicateError,
  invalidError,
  invalidErrors,
  NON_NEGATIVE,
  notSupportedError,
  qualifiedName,
  requiredError,
  tooLongError,
  tooManyError,
} from '../../../machinery/validation/index.ts';
import type {
  JobSpec,
  PodFailurePolicyRule,
  SuccessPolicy,
  SuccessPolicyRule,
} from '../../generated/types/batch-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { parseIndexes } from './indexes.ts';

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];
const MAX_RULES = 20;
const MAX_PATTERNS = 20;
const MAX_CODES = 255;
const MAX_INDEXES = 64 * 1024;

/** An error that shows no value. */
export const invalidUnshown = (path: string, why: string): FieldError => ({
  type: 'FieldValueInvalid',
  field: path,
  message: `Invalid value: ${why}`,
});

function oneOf(value: string | undefined, allowed: readonly string[], path: string): FieldError[] {
  if (!value) return [requiredError(path, `valid values: [${allowed.map((item) => `"${item}"`).join(' ')}]`)];
  return allowed.includes(value) ? [] : [notSupportedError(path, value, allowed)];
}

export function validatePodFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const at = `${path}.rules`;
  const errors = rules.length > MAX_RULES ? [tooManyError(at, rules.length, MAX_RULES)] : [];
  for (const [index, rule] of rules.entries()) errors.push(...validateRule(rule, `${at}[${index}]`, spec));
  return errors;
}

function validateRule(
  { action, onExitCodes, onPodConditions = [] }: PodFailurePolicyRule,
  path: string,
  spec: JobSpec,
): FieldError[] {
  const errors = oneOf(action, ACTIONS, `${path}.action`);
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.push(invalidError(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'));
  if (onExitCodes) errors.push(...validateExitCodes(onExitCodes, `${path}.onExitCodes`, spec));
  const at = `${path}.onPodConditions`;
  if (onPodConditions.length > MAX_PATTERNS) errors.push(tooManyError(at, onPodConditions.length, MAX_PATTERNS));
  for (const [index, { type, status }] of onPodConditions.entries()) {
    errors.push(
      ...invalidErrors(`${at}[${index}].type`, type, qualifiedName(type)),
      ...oneOf(status, STATUSES, `${at}[${index}].status`),
    );
  }
  if (onExitCodes && onPodConditions.length > 0)
    errors.push(invalidUnshown(path, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (!onExitCodes && onPodConditions.length === 0)
    errors.push(invalidUnshown(path, 'specifying one of OnExitCodes and OnPodConditions is required'));
  return errors;
}

function validateExitCodes(
  onExitCodes: NonNullable<PodFailurePolicyRule['onExitCodes']>,
  path: string,
  { template }: JobSpec,
): FieldError[] {
  const { operator, containerName, values: given } = onExitCodes;
  const errors = oneOf(operator, OPERATORS, `${path}.operator`);
  const containers = [...(template.spec.initContainers ?? []), ...(template.spec.containers ?? [])];
  if (containerName !== undefined && !containers.some((container) => container.name === containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    errors.push(invalidError(`${path}.containerName`, containerName, why));
  }
  const values = given ?? [];
  const at = `${path}.values`;
  if (values.length === 0)
    errors.push(invalidError(at, given ?? sentEmpty(onExitCodes, 'values'), 'at least one value is required'));
  else if (values.length > MAX_CODES) errors.push(tooManyError(at, values.length, MAX_CODES));
  const seen = new Set<number>();
  for (const [index, code] of values.entries()) {
    if (code === 0 && operator === 'In')
      errors.push(invalidError(`${at}[${index}]`, code, 'must not be 0 for the In operator'));
    if (seen.has(code)) errors.push(duplicateError(`${at}[${index}]`, code));
    seen.add(code);
  }
  if (values.some((code, index) => index > 0 && (values[index - 1] as number) > code))
    errors.push(invalidError(at, values, 'must be ordered'));
  return errors;
}

export function validateSuccessPolicy(policy: SuccessPolicy, spec: JobSpec, path: string): FieldError[] {
  if (spec.completionMode !== 'Indexed')
    return [invalidError(path, internalForm('batch/v1.SuccessPolicy', policy), 'requires indexed completion mode')];
  const rules = policy.rules ?? [];
  const at = `${path}.rules`;
  const errors: FieldError[] = [];
  if (rules.length === 0)
    errors.push(requiredError(at, 'at least one rules must be specified when the successPolicy is specified'));
  if (rules.length > MAX_RULES) errors.push(tooManyError(at, rules.length, MAX_RULES));
  for (const [index, rule] of rules.entries())
    errors.push(...validateSuccessRule(rule, `${at}[${index}]`, spec.completions ?? 0));
  return errors;
}

function validateSuccessRule(
  { succeededCount, succeededIndexes }: SuccessPolicyRule,
  path: string,
  completions: number,
): FieldError[] {
  const errors: FieldError[] = [];
  if (succeededCount === undefined && succeededIndexes === undefined)
    errors.push(requiredError(path, 'at least one of succeededCount or succeededIndexes must be specified'));
  let count = 0;
  if (succeededIndexes !== undefined) {
    const at = `${path}.succeededIndexes`;
    if (succeededIndexes.length > MAX_INDEXES) errors.push(tooLongError(at, MAX_INDEXES));
    const indexes = parseIndexes(succeededIndexes, completions);
    if (typeof indexes === 'string')
      errors.push(invalidError(at, succeededIndexes, `error parsing succeededIndexes: ${indexes}`));
    else count = indexes.count;
  }
  if (succeededCount === undefined) return errors;
  const at = `${path}.succeededCount`;
  const refuse = (why: string): void => void errors.push(invalidError(at, succeededCount, why));
  if (succeededCount < 0) refuse(NON_NEGATIVE);
  if (succeededCount > completions)
    refuse(`must be less than or equal to ${completions} (the number of specified completions)`);
  if (succeededIndexes !== undefined && succeededCount > count)
    refuse(`must be less than or equal to ${count} (the number of indexes in the specified succeededIndexes field)`);
  return errors;
}
