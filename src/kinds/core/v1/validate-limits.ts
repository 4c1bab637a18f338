/** Rules of limit ranges and quotas. Upstream: core/validation ValidateLimitRange, ValidateResourceQuota. */
import { memberOf } from '../../../machinery/own-member.ts';
import { parseQuantity, type Quantity } from '../../../machinery/quantity.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  qualifiedName,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { LimitRange, LimitRangeItem, ResourceQuota, ResourceQuotaSpec } from '../../generated/types/core-v1.ts';
import { internalForm } from '../../internal-form.ts';
import {
  isQuotaResource,
  overcommits,
  validateContainerResourceName,
  validateQuotaResourceName,
  validateResourceName,
  validateResourceValue,
} from './resource-names.ts';

const LIMIT_TYPES = ['Pod', 'Container', 'PersistentVolumeClaim'];
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
/** Above this, quantities are compared in whole units. Upstream: resource.MaxMilliValue. */
const MAX_MILLI = 2 ** 63 / 1000;

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const types = new Set<string>();
  return (spec.limits ?? []).flatMap((limit, index) => {
    const at = `spec.limits[${index}]`;
    const { type = '' } = limit;
    const errors = invalidErrors(`${at}.type`, type, qualifiedName(type));
    if (errors.length === 0 && !type.includes('/') && !LIMIT_TYPES.includes(type))
      errors.push(invalidError(`${at}.type`, type, 'must be a standard limit type or fully qualified'));
    if (types.has(type)) errors.push(duplicateError(`${at}.type`, type));
    types.add(type);
    return [...errors, ...validateLimit(limit, at)];
  });
}

function validateLimit(limit: LimitRangeItem, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const isCompute = limit.type === 'Pod' || limit.type === 'Container';
  const nameRule = isCompute ? validateContainerResourceName : validateResourceName;
  const names = new Set<string>();
  for (const list of LISTS) {
    if (list === 'maxLimitRequestRatio' && limit.type === 'PersistentVolumeClaim') {
      if (limit.min?.storage === undefined && limit.max?.storage === undefined) {
        const why = 'either minimum or maximum storage value is required, but neither was provided';
        errors.push(requiredError(`${path}.limits`, why));
      }
    }
    const amounts = Object.keys(limit[list] ?? {});
    if (limit.type === 'Pod' && list.startsWith('default')) {
      if (amounts.length > 0)
        errors.push(forbiddenError(`${path}.${list}`, "may not be specified when `type` is 'Pod'"));
      continue;
    }
    for (const name of amounts) {
      errors.push(...nameRule(name, `${path}.${list}[${name}]`));
      names.add(name);
    }
  }
  for (const name of names) errors.push(...validateAmounts(limit, name, path));
  return errors;
}

type Amounts = Partial<Record<(typeof LISTS)[number], Quantity>>;

/** How the bounds and defaults of one resource go together. */
function validateAmounts(limit: LimitRangeItem, name: string, path: string): FieldError[] {
  const amounts: Amounts = {};
  for (const list of LISTS) {
    const text = limit.type === 'Pod' && list.startsWith('default') ? undefined : limit[list]?.[name];
    if (text !== undefined) amounts[list] = parseQuantity(text);
  }
  const errors: FieldError[] = [];
  const { min, max, default: most, defaultRequest: request, maxLimitRequestRatio: ratio } = amounts;
  const refuse = (list: string, shown: Quantity, why: string): void =>
    void errors.push(invalidError(`${path}.${list}[${name}]`, shown.toString(), why));
  const above = (a: Quantity | undefined, b: Quantity | undefined): boolean => !!a && !!b && a.compare(b) > 0;
  if (min && above(min, max)) refuse('min', min, `min value ${min} is greater than max value ${max}`);
  if (request && above(min, request))
    refuse('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
  if (request && above(request, max))
    refuse('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
  if (request && above(request, most))
    refuse('defaultRequest', request, `default request value ${request} is greater than default limit value ${most}`);
  if (min && above(min, most)) refuse('default', min, `min value ${min} is greater than default value ${most}`);
  if (max && above(most, max)) refuse('default', max, `default value ${most} is greater than max value ${max}`);
  if (ratio && parseQuantity('1').compare(ratio) > 0)
    refuse('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`);
  if (ratio && min && max) {
    const bound = largestRatio({ ratio, min, max });
    if (bound !== undefined)
      refuse('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${bound.toFixed(6)}`);
  }
  if (!overcommits(name) && most && request && most.compare(request) !== 0)
    refuse('defaultRequest', request, `default value ${most} must equal to defaultRequest value ${request} in ${name}`);
  return errors;
}

/** The ratio that bounds allow when it is less than the one given. */
function largestRatio({ ratio, min, max }: { ratio: Quantity; min: Quantity; max: Quantity }): number | undefined {
  const small = [ratio, min, max].every((quantity) => quantity.value() < MAX_MILLI);
  const wanted = small ? ratio.milliValue() / 1000 : ratio.value();
  const bound = small ? max.milliValue() / min.milliValue() : max.value() / min.value();
  return wanted > bound ? bound : undefined;
}

const POD_COUNT = new Set(['pods']);
const POD_ANY = new Set(['pods', 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory']);
/** What each scope can be of. */
const SCOPES: Readonly<Record<string, ReadonlySet<string>>> = {
  BestEffort: POD_COUNT,
  NotBestEffort: POD_ANY,
  Terminating: POD_ANY,
  NotTerminating: POD_ANY,
  PriorityClass: POD_ANY,
  CrossNamespacePodAffinity: POD_ANY,
  VolumeAttributesClass: new Set(['persistentvolumeclaims', 'requests.storage']),
};
const PAIRS = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];
const ONLY_EXISTS = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]);
const EXISTS_TEXT =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
const MISAPPLIED = 'unsupported scope applied to resource';

/** How many of the limited resources a scope cannot be of. */
const misapplied = (scope: string, { hard = {} }: ResourceQuotaSpec): number =>
  Object.keys(hard).filter((name) => isQuotaResource(name) && memberOf(SCOPES, scope)?.has(name) === false).length;

function validateQuotaSpec(spec: ResourceQuotaSpec): FieldError[] {
  const errors = validateAmountList(spec.hard, 'spec.hard');
  const scopes = spec.scopes ?? [];
  const refuse = (why: string): void => void errors.push(invalidError('spec.scopes', spec.scopes ?? null, why));
  for (const scope of scopes) {
    if (!Object.hasOwn(SCOPES, scope)) refuse('unsupported scope');
    for (let i = misapplied(scope, spec); i > 0; i--) refuse(MISAPPLIED);
  }
  for (const pair of PAIRS) if (pair.every((scope) => scopes.includes(scope))) refuse('conflicting scopes');
  return [...errors, ...validateScopeSelector(spec)];
}

function validateScopeSelector(spec: ResourceQuotaSpec): FieldError[] {
  const selector = spec.scopeSelector;
  if (!selector) return [];
  const at = 'spec.scopeSelector.matchExpressions';
  const errors: FieldError[] = [];
  const expressions = selector.matchExpressions ?? [];
  for (const { scopeName, operator, values = [] } of expressions) {
    if (!Object.hasOwn(SCOPES, scopeName)) errors.push(invalidError(`${at}.scopeName`, scopeName, 'unsupported scope'));
    for (let i = misapplied(scopeName, spec); i > 0; i--)
      errors.push(invalidError(at, internalForm('core/v1.ScopeSelector', selector), MISAPPLIED));
    if (ONLY_EXISTS.has(scopeName) && operator !== 'Exists')
      errors.push(invalidError(`${at}.operator`, operator, EXISTS_TEXT));
    if (operator === 'In' || operator === 'NotIn') {
      const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      if (values.length === 0) errors.push(requiredError(`${at}.values`, why));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      if (values.length > 0) errors.push(invalidError(`${at}.values`, values, why));
    } else errors.push(invalidError(`${at}.operator`, operator, 'not a valid selector operator'));
  }
  for (const pair of PAIRS) {
    if (pair.every((scope) => expressions.some((expression) => expression.scopeName === scope)))
      errors.push(invalidError(at, spec.scopes ?? null, 'conflicting scopes'));
  }
  return errors;
}

const validateAmountList = (list: Readonly<Record<string, string>> | undefined, path: string): FieldError[] =>
  Object.entries(list ?? {}).flatMap(([name, text]) => {
    const at = `${path}[${name}]`;
    return [...validateQuotaResourceName(name, at), ...validateResourceValue(name, text, at)];
  });

export const validateQuota = ({ spec }: ResourceQuota): FieldError[] => validateQuotaSpec(spec);

export function validateQuotaUpdate(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const errors = validateQuotaSpec(quota.spec);
  const sorted = ({ spec }: ResourceQuota): string[] => [...new Set(spec.scopes ?? [])].sort();
  if (!equalJson(sorted(quota), sorted(old)))
    errors.push(invalidError('spec.scopes', quota.spec.scopes ?? null, 'field is immutable'));
  return errors;
}

export const validateQuotaStatus = ({ status = {} }: ResourceQuota): FieldError[] => [
  ...validateAmountList(status.hard, 'status.hard'),
  ...validateAmountList(status.used, 'status.used'),
];
