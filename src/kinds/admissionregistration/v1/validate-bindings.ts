/** Rules of the bindings of admission policies. Upstream: pkg/apis/admissionregistration/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Subdomain,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  pathSegment,
  requiredError,
} from '../../../machinery/validation/index.ts';
import type {
  MatchResources,
  MutatingAdmissionPolicyBinding,
  ParamRef,
  ValidatingAdmissionPolicyBinding,
} from '../../generated/types/admissionregistration-v1.ts';
import { validateLabelSelector } from '../../label-selector.ts';
import { MUTATING_OPERATIONS, validateMatchResources, validateOperations } from './validate-rules.ts';

const ACTIONS = ['Audit', 'Deny', 'Warn'];
const NOT_FOUND_ACTIONS = ['Deny', 'Allow'];

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
