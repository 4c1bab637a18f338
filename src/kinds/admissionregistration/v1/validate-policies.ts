/** Rules of admission policies and their bindings. Upstream: pkg/apis/admissionregistration/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1035Label,
  dns1123Subdomain,
  duplicateError,
  invalidError,
  invalidErrors,
  notSupportedError,
  qualifiedName,
  requiredError,
  validateConditions,
} from '../../../machinery/validation/index.ts';
import type {
  AuditAnnotation,
  MatchResources,
  MutatingAdmissionPolicy,
  Mutation,
  ParamKind,
  ValidatingAdmissionPolicy,
  Validation,
  Variable,
} from '../../generated/types/admissionregistration-v1.ts';
import { internalForm } from '../../internal-form.ts';
import {
  compileExpression,
  type ExpressionScope,
  ExpressionVariables,
  expressionErrors,
  faultErrors,
  RESULTS,
} from './expressions.ts';
import {
  FAILURE_POLICIES,
  MUTATING_OPERATIONS,
  REINVOCATION_POLICIES,
  validateMatchConditions,
  validateMatchResources,
  validateOperations,
} from './validate-rules.ts';

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
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

/** What the expressions of one policy see; conditions see no variables. */
interface Scopes {
  condition: ExpressionScope;
  policy: ExpressionScope & { variables?: ExpressionVariables };
}

function scopesOf({ paramKind, variables }: PolicyHead, alwaysComposed: boolean): Scopes {
  const condition = { params: paramKind !== undefined, authorizer: true };
  const composed = alwaysComposed || (variables?.length ?? 0) > 0;
  return { condition, policy: composed ? { ...condition, variables: new ExpressionVariables() } : condition };
}

interface HeadInput {
  spec: PolicyHead;
  /** The stored policy; conditions that did not change are not looked at again. */
  old: PolicyHead | undefined;
  scopes: Scopes;
  /** The only operations that rules may name. */
  operations?: readonly string[];
}

function validateHead({ spec, old, scopes, operations }: HeadInput): FieldError[] {
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
  if (!old || !sameJson([old.paramKind, old.matchConditions], [paramKind, matchConditions]))
    errors.push(...validateMatchConditions(matchConditions, 'spec.matchConditions', scopes.condition));
  for (const [index, variable] of (variables ?? []).entries())
    errors.push(...validateVariable(variable, `spec.variables[${index}]`, scopes.policy));
  return errors;
}

const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function validateParamKind({ apiVersion, kind }: ParamKind, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = `${path}.apiVersion`;
  const parts = apiVersion === '/' ? [''] : (apiVersion ?? '').split('/');
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

function validateVariable({ name, expression }: Variable, path: string, scope: Scopes['policy']): FieldError[] {
  const errors: FieldError[] = [];
  if (!name?.trim()) errors.push(requiredError(`${path}.name`, 'name is not specified'));
  else if (!IDENTIFIER.test(name) || RESERVED.has(name))
    errors.push(invalidError(`${path}.name`, name, 'must be a valid CEL identifier'));
  if (!expression?.trim()) errors.push(requiredError(`${path}.expression`, 'expression is not specified'));
  else if (scope.variables) {
    const compiled = scope.variables.add(name ?? '', expression, scope);
    errors.push(...faultErrors(`${path}.expression`, expression, compiled));
  }
  return errors;
}

export function validateValidatingPolicy(
  { metadata, spec }: ValidatingAdmissionPolicy,
  old?: ValidatingAdmissionPolicy,
): FieldError[] {
  const scopes = scopesOf(spec ?? {}, false);
  const errors = validateHead({ spec: spec ?? {}, old: old?.spec, scopes });
  const validations = spec?.validations ?? [];
  const annotations = spec?.auditAnnotations ?? [];
  if (validations.length === 0 && annotations.length === 0)
    return [
      ...errors,
      requiredError('spec.validations', NO_CONTENT),
      requiredError('spec.auditAnnotations', NO_CONTENT),
    ];
  for (const [index, validation] of validations.entries())
    errors.push(...validateValidation(validation, `spec.validations[${index}]`, scopes.policy));
  if (annotations.length > MAX_AUDIT_ANNOTATIONS) {
    const why = `must not have more than ${MAX_AUDIT_ANNOTATIONS} auditAnnotations`;
    const shown = annotations.map((annotation) =>
      internalForm('admissionregistration.k8s.io/v1.AuditAnnotation', annotation),
    );
    errors.push(invalidError('spec.auditAnnotations', shown, why));
  }
  for (const [index, annotation] of annotations.entries()) {
    const at = `spec.auditAnnotations[${index}]`;
    errors.push(...validateAnnotation(annotation, at, { policy: metadata.name ?? '', scope: scopes.policy }));
    if (annotations.findIndex(({ key }) => key === annotation.key) < index)
      errors.push(duplicateError(`${at}.key`, annotation.key));
  }
  return errors;
}

function validateValidation(validation: Validation, path: string, scope: ExpressionScope): FieldError[] {
  const { expression, message = '', messageExpression = '', reason } = validation;
  const errors: FieldError[] = [];
  if (!expression?.trim()) errors.push(requiredError(`${path}.expression`, 'expression is not specified'));
  else errors.push(...expressionErrors(`${path}.expression`, expression, { scope, results: RESULTS.condition }));
  const at = `${path}.messageExpression`;
  if (messageExpression !== '' && messageExpression.trim() === '')
    errors.push(invalidError(at, messageExpression, 'must be non-empty if specified'));
  else if (messageExpression !== '') {
    const messageScope = { ...scope, authorizer: false };
    errors.push(...expressionErrors(at, messageExpression, { scope: messageScope, results: RESULTS.message }));
  }
  if (message !== '' && message.trim() === '')
    errors.push(invalidError(`${path}.message`, message, 'must be non-empty if specified'));
  else if (/[\n\r]/.test(message.trim()))
    errors.push(invalidError(`${path}.message`, message, 'must not contain line breaks'));
  if (reason !== undefined && !REASONS.includes(reason))
    errors.push(notSupportedError(`${path}.reason`, reason, REASONS));
  return errors;
}

function validateAnnotation(
  { key, valueExpression }: AuditAnnotation,
  path: string,
  { policy, scope }: { policy: string; scope: ExpressionScope },
): FieldError[] {
  const full = `${policy}/${key ?? ''}`;
  const errors =
    policy === ''
      ? [invalidError(`${path}.key`, key, 'requires metadata.name be non-empty')]
      : invalidErrors(`${path}.key`, full, qualifiedName(full));
  const text = (valueExpression ?? '').trim();
  const at = `${path}.valueExpression`;
  if (text === '') errors.push(requiredError(at, 'valueExpression is not specified'));
  else if (new TextEncoder().encode(text).length > MAX_VALUE_EXPRESSION)
    errors.push(requiredError(at, `must not exceed ${MAX_VALUE_EXPRESSION} bytes in length`));
  else {
    // What is shown is the expression as it was written, what is compiled the one without white space around it.
    errors.push(...faultErrors(at, valueExpression, compileExpression(text, scope, RESULTS.annotation)));
  }
  return errors;
}

export function validateMutatingPolicy({ spec }: MutatingAdmissionPolicy, old?: MutatingAdmissionPolicy): FieldError[] {
  const scopes = scopesOf(spec ?? {}, true);
  const errors = validateHead({ spec: spec ?? {}, old: old?.spec, scopes, operations: MUTATING_OPERATIONS });
  const { mutations, reinvocationPolicy } = spec ?? {};
  if (!mutations?.length) errors.push(requiredError('spec.mutations', 'mutations must contain at least one item'));
  for (const [index, mutation] of (mutations ?? []).entries())
    errors.push(...validateMutation(mutation, `spec.mutations[${index}]`, { ...scopes.policy, patches: true }));
  if (!reinvocationPolicy) errors.push(requiredError('spec.reinvocationPolicy'));
  else if (!REINVOCATION_POLICIES.includes(reinvocationPolicy))
    errors.push(notSupportedError('spec.reinvocationPolicy', reinvocationPolicy, REINVOCATION_POLICIES));
  return errors;
}

function validateMutation(mutation: Mutation, path: string, scope: ExpressionScope): FieldError[] {
  const { patchType } = mutation;
  if (!patchType) return [requiredError(`${path}.patchType`)];
  if (!PATCH_TYPES.includes(patchType)) return [notSupportedError(`${path}.patchType`, patchType, PATCH_TYPES)];
  const [own, other] =
    patchType === 'JSONPatch'
      ? (['jsonPatch', 'applyConfiguration'] as const)
      : (['applyConfiguration', 'jsonPatch'] as const);
  const errors: FieldError[] = [];
  if (!mutation[own]) errors.push(requiredError(`${path}.${own}`, `must be specified when patchType is ${patchType}`));
  else {
    const at = `${path}.${own}.expression`;
    const expression = mutation[own].expression?.trim() ?? '';
    if (expression === '') errors.push(requiredError(at));
    else errors.push(...expressionErrors(at, expression, { scope, results: RESULTS[own] }));
  }
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
