import type { FieldError } from '../../../../machinery/status.ts';
import { notSupportedError, requiredError } from '../../../../machinery/validation/index.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

/** A required choice: empty and unknown values are told apart. */
export function oneOf(value: string | undefined, allowed: readonly string[], path: string): FieldError[] {
  if (!value) return [requiredError(path)];
  return allowed.includes(value) ? [] : [notSupportedError(path, value, allowed)];
}

export const validatePullPolicy = (policy: string | undefined, path: string): FieldError[] =>
  oneOf(policy, PULL_POLICIES, path);
