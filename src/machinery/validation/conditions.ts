/** The rules of a list of conditions in a status. Upstream: apimachinery meta/v1/validation ValidateConditions. */
import type { FieldError } from '../status.ts';
import {
  duplicateError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
  tooLongError,
} from './field-error.ts';
import { labelKey, regexText } from './formats.ts';

export interface Condition {
  type: string;
  status: string;
  observedGeneration?: number | undefined;
  lastTransitionTime?: string | null | undefined;
  reason?: string | undefined;
  message?: string | undefined;
}

const STATUSES = ['False', 'True', 'Unknown'];
const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const REASON_TEXT =
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
const REASON_FORM = new RegExp(`^${REASON}$`);
const MAX_REASON = 1024;
const MAX_MESSAGE = 32 * 1024;

export function validateConditions(conditions: readonly Condition[] | undefined, path: string): FieldError[] {
  const seen = new Set<string>();
  return (conditions ?? []).flatMap((condition, index) => {
    const at = `${path}[${index}]`;
    const errors = seen.has(condition.type) ? [duplicateError(`${at}.type`, condition.type)] : [];
    seen.add(condition.type);
    return [...errors, ...validateCondition(condition, at)];
  });
}

function validateCondition(condition: Condition, path: string): FieldError[] {
  const { type, status, observedGeneration = 0, lastTransitionTime, reason = '', message = '' } = condition;
  const errors = invalidErrors(`${path}.type`, type, labelKey(type));
  if (!STATUSES.includes(status)) errors.push(notSupportedError(`${path}.status`, status, STATUSES));
  if (observedGeneration < 0)
    errors.push(
      invalidError(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero'),
    );
  if (!lastTransitionTime) errors.push(requiredError(`${path}.lastTransitionTime`));
  if (reason === '') errors.push(requiredError(`${path}.reason`));
  else {
    if (!REASON_FORM.test(reason)) errors.push(invalidError(`${path}.reason`, reason, reasonText()));
    if (reason.length > MAX_REASON) errors.push(tooLongError(`${path}.reason`, MAX_REASON));
  }
  if (message.length > MAX_MESSAGE) errors.push(tooLongError(`${path}.message`, MAX_MESSAGE));
  return errors;
}

const reasonText = (): string =>
  regexText(REASON_TEXT, REASON, 'my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB');
