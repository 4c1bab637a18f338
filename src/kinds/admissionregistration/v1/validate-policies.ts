/** Rules of admission policies and their bindings. Upstream: pkg/apis/admissionregistration/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1035Label,
  dns1123Subdomain,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  pathSegment,
  qualifiedName,
  requiredError,
  validateConditions,
} from '../../../machinery/validation/index.ts';
import type {
  AuditAnnotation,
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  Validation,
  Variable,
} from '../../generated/types/admissionregistration-v1.ts';
import { validateLabelSelector } from '../../label-selector.ts';
import {
  FAILURE_POLICIES,
  REINVOCATION_POLICIES,
  validateMatchConditions,
  validateMatchResources,
  validateOperations,
} from './validate-rules.ts';

const MUTATING_OPERATIONS = ['*', 'CREATE', 'UPDATE'];
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
const ACTIONS = ['Audit', 'Deny', 'Warn'];
const NOT_FOUND_ACTIONS = ['Deny', 'Allow'];
const PATCH_TYPES = ['ApplyConfiguration', 'JSONPatch'];
const MAX_AUDIT_ANNOTATIONS = 20;
const MAX_VALUE_EXPRESSION = 5 * 1024;
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);
const NO_CONTENT = 'validations or auditAnnotations must contain at least one item';

interface PolicyHead {
  failurePolicy?: string;
  paramKind?: ParamKind;
  matchConstraints?: MatchResources;
  matchConditions?: Parameters<typeof validateMatchConditions>[0];
  variables?: readonly Variable[];
}

function validateHead(spec: PolicyHead, operations: readonly string[] | undefined): FieldError[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions, variables } = spec;
  const errors: FieldError[] = [];
  if (failurePolicy === undefined) errors.push(requiredError('spec.failurePolicy'));
  else if (!FAILURE_POLICIES.includes(failurePolicy))
    errors.push(notSupportedError('spec.failurePolicy', failurePolicy, FAILURE_POLICIES));
  if (paramKind) errors.push(...validateParamKind(paramKind, 'spec.paramKind'));
  const path = 'spec.matchConstraints';
  if (matchConstraints) {
    errors.push(...validateMatchResources(matchConstraints, path));
    if (!matchConstraints.resourceRules?.length) errors.push(requiredError(`${path}.resourceRules`));
    if (operations)
      errors.push(
        ...validateOperations(matchConstraints.resourceRules, `${path}.resourceRules.operations`, operations),
      );
  } else errors.push(requiredError(path));
  errors.push(...validateMatchConditions(matchConditions, 'spec.matchConditions'));
  for (const [index, variable] of (variables ?? []).entries())
    errors.push(...validateVariable(variable, `spec.variables[${index}]`));
  return errors;
}

function validateParamKind({ apiVersion, kind }: ParamKind, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = `${path}.apiVersion`;
  const parts = (apiVersion ?? '').split('/');
  const version = parts.at(-1) ?? '';
  if (!apiVersion) errors.push(requiredError(at));
  else if (parts.length > 2) errors.push(invalidError(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  else {
    const group = parts.length === 2 ? (parts[0] ?? '') : '';
    const texts = group === '' ? [] : dns1123Subdomain(group);
    if (texts.length > 0) errors.push(invalidError(at, group, texts.join(',')));
    const faults = dns1035Label(version);
    if (version === '') errors.push(invalidError(at, apiVersion, 'version must be specified'));
    else if (faults.length > 0) errors.push(invalidError(at, version, faults.join(',')));
  }
  const faults = dns1035Label((kind ?? '').toLowerCase());
  if (!kind) errors.push(requiredError(`${path}.kind`));
  else if (faults.length > 0) {
    const why = `may have mixed case, but should otherwise match: ${faults.join(',')}`;
    errors.push(invalidError(`${path}.kind`, kind, why));
  }
  return errors;
}

function validateVariable({ name, expression }: Variable, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!name?.trim()) errors.push(requiredError(`${path}.name`, 'name is not specified'));
  else if (!IDENTIFIER.test(name) || RESERVED.has(name))
    errors.push(invalidError(`${path}.name`, name, 'must be a valid CEL identifier'));
  if (!expression?.trim()) errors.push(requiredError(`${path}.expression`, 'expression is not specified'));
  return errors;
}

export function validateValidatingPolicy({ metadata, spec }: ValidatingAdmissionPolicy): FieldError[] {
  const errors = validateHead(spec ?? {}, undefined);
  const validations = spec?.validations ?? [];
  const annotations = spec?.auditAnnotations ?? [];
  if (validations.length === 0 && annotations.length === 0)
    return [
      ...errors,
      requiredError('spec.validations', NO_CONTENT),
      requiredError('spec.auditAnnotations', NO_CONTENT),
    ];
  for (const [index, validation] of validations.entries())
    errors.push(...validateValidation(validation, `spec.validations[${index}]`));
  if (annotations.length > MAX_AUDIT_ANNOTATIONS) {
    const why = `must not have more than ${MAX_AUDIT_ANNOTATIONS} auditAnnotations`;
    errors.push(invalidError('spec.auditAnnotations', annotations, why));
  }
  for (const [index, annotation] of annotations.entries()) {
    const at = `spec.auditAnnotations[${index}]`;
    errors.push(...validateAnnotation(annotation, at, metadata.name ?? ''));
    if (annotations.findIndex(({ key }) => key === annotation.key) < index)
      errors.push(duplicateError(`${at}.key`, annotation.key));
  }
  return errors;
}

function validateValidation(validation: Validation, path: string): FieldError[] {
  const { expression, message = '', messageExpression = '', reason } = validation;
  const errors: FieldError[] = [];
  if (!expression?.trim()) errors.push(requiredError(`${path}.expression`, 'expression is not specified'));
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(invalidError(`${path}.messageExpression`, messageExpression, 'must be non-empty if specified'));
  if (message !== '' && message.trim() === '')
    errors.push(invalidError(`${path}.message`, message, 'must be non-empty if specified'));
  else if (/[\n\r]/.test(message.trim()))
    errors.push(invalidError(`${path}.message`, message, 'must not contain line breaks'));
  if (reason !== undefined && !REASONS.includes(reason))
    errors.push(notSupportedError(`${path}.reason`, reason, REASONS));
  return errors;
}

function validateAnnotation({ key, valueExpression }: AuditAnnotation, path: string, policy: string): FieldError[] {
  const full = `${policy}/${key ?? ''}`;
  const errors =
    policy === ''
      ? [invalidError(`${path}.key`, key, 'requires metadata.name be non-empty')]
      : invalidErrors(`${path}.key`, full, qualifiedName(full));
  const text = (valueExpression ?? '').trim();
  const at = `${path}.valueExpression`;
  if (text === '') errors.push(requiredError(at, 'valueExpression is not specified'));
  else if (text.length > MAX_VALUE_EXPRESSION)
    errors.push(requiredError(at, `must not exceed ${MAX_VALUE_EXPRESSION} bytes in length`));
  return errors;
}

export function validateMutatingPolicy({ spec }: MutatingAdmissionPolicy): FieldError[] {
  const errors = validateHead(spec ?? {}, MUTATING_OPERATIONS);
  const { mutations, reinvocationPolicy } = spec ?? {};
  if (!mutations?.length) errors.push(requiredError('spec.mutations', 'mutations must contain at least one item'));
  for (const [index, mutation] of (mutations ?? []).entries())
    errors.push(...validateMutation(mutation, `spec.mutations[${index}]`));
  if (!reinvocationPolicy) errors.push(requiredError('spec.reinvocationPolicy'));
  else if (!REINVOCATION_POLICIES.includes(reinvocationPolicy))
    errors.push(notSupportedError('spec.reinvocationPolicy', reinvocationPolicy, REINVOCATION_POLICIES));
  return errors;
}

function validateMutation(mutation: Mutation, path: string): FieldError[] {
  const { patchType } = mutation;
  if (!patchType) return [requiredError(`${path}.patchType`)];
  if (!PATCH_TYPES.includes(patchType)) return [notSupportedError(`${path}.patchType`, patchType, PATCH_TYPES)];
  const [own, other] =
    patchType === 'JSONPatch'
      ? (['jsonPatch', 'applyConfiguration'] as const)
      : (['applyConfiguration', 'jsonPatch'] as const);
  const errors: FieldError[] = [];
  if (!mutation[own]) errors.push(requiredError(`${path}.${own}`, `must be specified when patchType is ${patchType}`));
  else if (!mutation[own].expression?.trim()) errors.push(requiredError(`${path}.${own}.expression`));
  if (mutation[other])
    errors.push(invalidError(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`));
  return errors;
}

export const validateValidatingPolicyStatus = ({ status }: ValidatingAdmissionPolicy): FieldError[] => [
  ...(status?.typeChecking?.expressionWarnings ?? []).flatMap(({ warning, fieldRef }, index) => {
    const at = `status.typeChecking.expressionWarnings[${index}]`;
    return [
      ...(warning ? [] : [requiredError(`${at}.warning`)]),
      ...(fieldRef?.trim() ? [] : [requiredError(`${at}.fieldRef`)]),
    ];
  }),
  ...validateConditions(status?.conditions, 'status.conditions'),
];

interface BindingSpec {
  policyName?: string;
  paramRef?: ParamRef;
  matchResources?: MatchResources;
}

function validateBindingHead({ policyName, paramRef, matchResources }: BindingSpec): FieldError[] {
  return [
    ...(policyName
      ? invalidErrors('spec.policyName', policyName, dns1123Subdomain(policyName))
      : [requiredError('spec.policyName')]),
    ...(paramRef ? validateParamRef(paramRef, 'spec.paramRef') : []),
    ...(matchResources ? validateMatchResources(matchResources, 'spec.matchResources') : []),
  ];
}

function validateParamRef({ name, selector, parameterNotFoundAction: action }: ParamRef, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const both = 'name and selector are mutually exclusive';
  if (name) {
    errors.push(...invalidErrors(`${path}.name`, name, pathSegment(name)));
    if (selector) errors.push(forbiddenError(`${path}.name`, both));
  }
  if (selector) {
    errors.push(...validateLabelSelector(selector, `${path}.selector`));
    if (name) errors.push(forbiddenError(`${path}.selector`, both));
  }
  if (!name && !selector) errors.push(requiredError(path, 'one of name or selector must be specified'));
  if (!action) errors.push(requiredError(`${path}.parameterNotFoundAction`));
  else if (!NOT_FOUND_ACTIONS.includes(action))
    errors.push(notSupportedError(`${path}.parameterNotFoundAction`, action, NOT_FOUND_ACTIONS));
  return errors;
}

export function validateValidatingBinding({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  const errors = validateBindingHead(spec ?? {});
  const actions = spec?.validationActions ?? [];
  const at = 'spec.validationActions';
  for (const [index, action] of actions.entries()) {
    if (!ACTIONS.includes(action)) errors.push(notSupportedError(`${at}[${index}]`, action, ACTIONS));
    if (actions.indexOf(action) < index) errors.push(duplicateError(`${at}[${index}]`, action));
  }
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    errors.push(invalidError(at, actions, why));
  }
  if (actions.length === 0) errors.push(requiredError(at, 'at least one validation action is required'));
  return errors;
}

export function validateMutatingBinding({ spec }: MutatingAdmissionPolicyBinding): FieldError[] {
  const path = 'spec.matchResources.resourceRules.operations';
  return [
    ...validateBindingHead(spec ?? {}),
    ...validateOperations(spec?.matchResources?.resourceRules, path, MUTATING_OPERATIONS),
  ];
}
