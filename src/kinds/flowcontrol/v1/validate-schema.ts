/** Rules of flow schemas. Upstream: pkg/apis/flowcontrol/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  forbiddenError,
  invalidError,
  invalidErrors,
  notSupportedError,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type {
  FlowSchema,
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '../../generated/types/flowcontrol-v1.ts';
import { internalForm } from '../../internal-form.ts';
import { mandatorySchemas } from './mandatory.ts';
import { validateFlowConditions } from './validate-level.ts';

const MAX_PRECEDENCE = 10_000;
const METHODS = ['ByNamespace', 'ByUser'];
const KINDS = ['Group', 'ServiceAccount', 'User'];
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const NAMESPACE = "each member of this list must be '*' or a DNS-1123 label; ";

export function validateFlowSchema({ metadata, spec, status }: FlowSchema): FieldError[] {
  const name = metadata.name ?? '';
  const errors = [...validateHead(spec, name)];
  for (const [index, rule] of (spec.rules ?? []).entries()) errors.push(...validateRules(rule, `spec.rules[${index}]`));
  const mandatory = Object.hasOwn(mandatorySchemas, name) ? mandatorySchemas[name] : undefined;
  if (mandatory && !equalJson(spec, mandatory)) {
    const shown = internalForm('flowcontrol.apiserver.k8s.io/v1.FlowSchemaSpec', spec);
    errors.push(invalidError('spec', shown, `spec of '${name}' must equal the fixed value`));
  }
  return [...errors, ...validateFlowConditions(status?.conditions)];
}

function validateHead(spec: FlowSchemaSpec, name: string): FieldError[] {
  const errors: FieldError[] = [];
  const precedence = spec.matchingPrecedence ?? 0;
  const at = 'spec.matchingPrecedence';
  if (precedence <= 0) errors.push(invalidError(at, precedence, 'must be a positive value'));
  if (precedence > MAX_PRECEDENCE)
    errors.push(invalidError(at, precedence, `must not be greater than ${MAX_PRECEDENCE}`));
  if (precedence === 1 && name !== 'exempt')
    errors.push(invalidError(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"));
  const method = spec.distinguisherMethod;
  if (method && !METHODS.includes(method.type))
    errors.push(notSupportedError('spec.distinguisherMethod.type', { Type: method.type ?? '' }, METHODS));
  const level = spec.priorityLevelConfiguration?.name;
  const path = 'spec.priorityLevelConfiguration.name';
  if (level) errors.push(...invalidErrors(path, level, dns1123Subdomain(level)));
  else errors.push(requiredError(path, 'must reference a priority level'));
  return errors;
}

function validateRules(rule: PolicyRulesWithSubjects, path: string): FieldError[] {
  const { subjects, resourceRules, nonResourceRules } = rule;
  const errors = (subjects ?? []).flatMap((subject, index) => validateSubject(subject, `${path}.subjects[${index}]`));
  if (!subjects?.length) errors.push(requiredError(`${path}.subjects`, 'subjects must contain at least one value'));
  if (!resourceRules?.length && !nonResourceRules?.length)
    errors.push(requiredError(path, 'at least one of resourceRules and nonResourceRules has to be non-empty'));
  for (const [index, each] of (resourceRules ?? []).entries())
    errors.push(...validateResourceRule(each, `${path}.resourceRules[${index}]`));
  for (const [index, each] of (nonResourceRules ?? []).entries())
    errors.push(...validatePathRule(each, `${path}.nonResourceRules[${index}]`));
  return errors;
}

const OTHERS = [
  ['user', 'User'],
  ['serviceAccount', 'ServiceAccount'],
  ['group', 'Group'],
] as const;

function validateSubject(subject: Subject, path: string): FieldError[] {
  const own = OTHERS.find(([, kind]) => kind === subject.kind);
  if (!own) return [notSupportedError(`${path}.kind`, subject.kind ?? '', KINDS)];
  const [field, kind] = own;
  const errors: FieldError[] = [];
  const value = subject[field];
  if (!value) errors.push(requiredError(`${path}.${field}`, `${field} is required when subject kind is '${kind}'`));
  else if (field === 'serviceAccount') errors.push(...validateAccount(subject.serviceAccount!, `${path}.${field}`));
  else if (!value.name) errors.push(requiredError(`${path}.${field}.name`));
  const others =
    kind === 'User' ? [OTHERS[1], OTHERS[2]] : kind === 'Group' ? [OTHERS[1], OTHERS[0]] : [OTHERS[0], OTHERS[2]];
  for (const [other, otherKind] of others)
    if (subject[other])
      errors.push(forbiddenError(`${path}.${other}`, `${other} is forbidden when subject kind is not '${otherKind}'`));
  return errors;
}

function validateAccount({ name, namespace }: NonNullable<Subject['serviceAccount']>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!name) errors.push(requiredError(`${path}.name`));
  else if (name !== '*') errors.push(...invalidErrors(`${path}.name`, name, dns1123Subdomain(name)));
  if (namespace) errors.push(...invalidErrors(`${path}.namespace`, namespace, dns1123Label(namespace)));
  else errors.push(requiredError(`${path}.namespace`, 'must specify namespace for service account'));
  return errors;
}

/** A list that is `*` alone, or has no `*`. */
function wildcardFault(list: readonly string[], path: string, what: string): FieldError[] {
  return list.length > 1 && list.includes('*')
    ? [invalidError(path, list, `if '*' is present, must not specify other ${what}`)]
    : [];
}

function validateVerbs(verbs: readonly string[] | null | undefined, path: string): FieldError[] {
  const list = verbs ?? [];
  if (list.length === 0) return [requiredError(path, 'verbs must contain at least one value')];
  if (list.includes('*')) return wildcardFault(list, path, 'verbs');
  return list.every((verb) => VERBS.includes(verb)) ? [] : [notSupportedError(path, list, VERBS)];
}

function validateResourceRule(rule: ResourcePolicyRule, path: string): FieldError[] {
  const errors = validateVerbs(rule.verbs, `${path}.verbs`);
  for (const [field, one, many] of [
    ['apiGroups', 'api group', 'api groups'],
    ['resources', 'resource', 'resources'],
  ] as const) {
    const list = rule[field] ?? [];
    if (list.length === 0)
      errors.push(requiredError(`${path}.${field}`, `resource rules must supply at least one ${one}`));
    else errors.push(...wildcardFault(list, `${path}.${field}`, many));
  }
  const namespaces = rule.namespaces ?? [];
  const at = `${path}.namespaces`;
  if (namespaces.length === 0 && !rule.clusterScope) {
    const why = 'resource rules that are not cluster scoped must supply at least one namespace';
    return [...errors, requiredError(at, why)];
  }
  if (namespaces.includes('*')) return [...errors, ...wildcardFault(namespaces, at, 'namespaces')];
  for (const [index, namespace] of namespaces.entries())
    for (const text of dns1123Label(namespace))
      errors.push(invalidError(`${at}[${index}]`, namespace, `${NAMESPACE}${text}`));
  return errors;
}

function validatePathRule({ verbs, nonResourceURLs }: NonResourcePolicyRule, path: string): FieldError[] {
  const errors = validateVerbs(verbs, `${path}.verbs`);
  const at = `${path}.nonResourceURLs`;
  const urls = nonResourceURLs ?? [];
  if (urls.length === 0) return [...errors, requiredError(at, 'nonResourceURLs must contain at least one value')];
  if (urls.includes('*')) return [...errors, ...wildcardFault(urls, at, 'non-resource URLs')];
  for (const [index, url] of urls.entries()) {
    const fault = urlFault(url);
    if (fault !== undefined) errors.push(invalidError(`${at}[${index}]`, url, fault));
  }
  return errors;
}

function urlFault(url: string): string | undefined {
  if (url === '') return 'must not be empty';
  if (url === '/') return undefined;
  if (!url.startsWith('/')) return 'must start with slash';
  if (url.includes(' ')) return 'must not contain white-space';
  if (url.includes('//')) return 'must not contain double slash';
  const stars = url.split('*').length - 1;
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined;
}
