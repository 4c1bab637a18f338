import type { FieldError } from '../machinery/status.ts';
import {
  forbiddenError,
  invalidError,
  invalidErrors,
  labelKey,
  labelValue,
  requiredError,
  validateLabels,
} from '../machinery/validation/index.ts';
import type { LabelSelector } from './generated/types/meta-v1.ts';

/** Upstream: apimachinery meta/v1/validation ValidateLabelSelector. */
export function validateLabelSelector(selector: LabelSelector, path: string): FieldError[] {
  const errors = selector.matchLabels ? validateLabels(selector.matchLabels, `${path}.matchLabels`) : [];
  for (const [index, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    if (operator === 'In' || operator === 'NotIn') {
      if (!values?.length)
        errors.push(requiredError(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values?.length)
        errors.push(
          forbiddenError(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
    } else errors.push(invalidError(`${at}.operator`, operator, 'not a valid selector operator'));
    errors.push(...invalidErrors(`${at}.key`, key, labelKey(key)));
    for (const [position, value] of (values ?? []).entries())
      errors.push(...invalidErrors(`${at}.values[${position}]`, value, labelValue(value)));
  }
  return errors;
}

/** Whether a selector selects nothing in particular. */
export const isEmptySelector = (selector: LabelSelector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions?.length ?? 0) === 0;

/** Whether labels are selected; the caller has checked the selector. */
export function matchesSelector(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    wanted &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      return operator === 'Exists' ? value !== undefined : value === undefined;
    })
  );
}
