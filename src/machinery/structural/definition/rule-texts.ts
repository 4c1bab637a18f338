/** What can be said of validation rules without compiling them. Upstream: ValidateCustomResourceDefinitionOpenAPISchema. */
import type { FieldError } from '../../status.ts';
import { requiredError } from '../../validation/index.ts';
import type { JSONSchemaProps, ValidationRule } from '../contract.ts';
import { invalidValue, unsupportedValue } from '../field-errors.ts';
import { child } from '../schema-node.ts';
import { fieldPath } from './field-path.ts';
import { unsupportedPart } from './structural-rules.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

const hasLineBreaks = (text: string): boolean => /[\n\r]/.test(text);

export const ruleTextErrors = (schema: JSONSchemaProps, path: string): FieldError[] =>
  (schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) => [
    ...messageErrors(rule, `${child(path, 'x-kubernetes-validations')}[${index}]`),
    ...fieldErrors(rule, schema, `${child(path, 'x-kubernetes-validations')}[${index}]`),
  ]);

function messageErrors({ rule, message = '' }: ValidationRule, path: string): FieldError[] {
  const at = child(path, 'message');
  const said = message.trim();
  if (rule.trim() === '') return [requiredError(child(path, 'rule'), 'rule is not specified')];
  if (message !== '' && said === '') return [invalidValue(at, message, 'must be non-empty if specified')];
  if (hasLineBreaks(said)) return [invalidValue(at, message, 'must not contain line breaks')];
  if (hasLineBreaks(rule.trim()) && said === '')
    return [requiredError(at, 'message must be specified if rule contains line breaks')];
  return [];
}

function fieldErrors(rule: ValidationRule, schema: JSONSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { messageExpression = '', reason, fieldPath: field = '' } = rule;
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(requiredError(child(path, 'messageExpression'), 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !REASONS.includes(reason))
    errors.push(unsupportedValue(child(path, 'reason'), reason, REASONS));
  if (field === '') return errors;
  const at = child(path, 'fieldPath');
  if (field.trim() === '') errors.push(invalidValue(at, field, 'must be non-empty if specified'));
  if (hasLineBreaks(field)) errors.push(invalidValue(at, field, 'must not contain line breaks'));
  if (unsupportedPart(schema) === undefined && !fieldPath(field, schema).ok)
    errors.push(invalidValue(at, field, 'must be a valid path'));
  return errors;
}
