/** Which requests are audited, and how much of them. Upstream: apiserver/pkg/audit/policy, apis/audit/validation. */
import { badRequest, type FieldError } from '../../machinery/status.ts';
import { dns1123Subdomain, invalidError, notSupportedError, requiredError } from '../../machinery/validation/index.ts';
import { aggregate, checkStrictly, type DocumentType } from '../configuration/decode.ts';
import type { Attributes } from '../contract.ts';

export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse';
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

export interface GroupResources {
  group?: string;
  resources?: string[];
  resourceNames?: string[];
}

export interface PolicyRule {
  level: AuditLevel;
  users?: string[];
  userGroups?: string[];
  verbs?: string[];
  resources?: GroupResources[];
  namespaces?: string[];
  nonResourceURLs?: string[];
  omitStages?: AuditStage[];
  omitManagedFields?: boolean;
}

export interface AuditPolicy {
  rules: PolicyRule[];
  omitStages?: AuditStage[];
  omitManagedFields?: boolean;
}

/** What the policy says of one request. */
export interface AuditDecision {
  level: AuditLevel;
  omitStages: ReadonlySet<AuditStage>;
  omitManagedFields: boolean;
}

export interface PolicyEvaluator {
  /** The first rule that matches decides; a request that none matches is not audited. */
  decide(attributes: Attributes): AuditDecision;
}

const LEVELS: readonly AuditLevel[] = ['None', 'Metadata', 'Request', 'RequestResponse'];
const STAGES: readonly AuditStage[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];

/** Whether `level` holds at least as much as `wanted`. */
export const reaches = (level: AuditLevel, wanted: AuditLevel): boolean =>
  LEVELS.indexOf(level) >= LEVELS.indexOf(wanted);

const POLICY: DocumentType = {
  apiVersions: ['audit.k8s.io/v1'],
  kind: 'Policy',
  shape: {
    metadata: 'any',
    omitStages: ['string'],
    omitManagedFields: 'boolean',
    rules: [
      {
        level: 'string',
        users: ['string'],
        userGroups: ['string'],
        verbs: ['string'],
        resources: [{ group: 'string', resources: ['string'], resourceNames: ['string'] }],
        namespaces: ['string'],
        nonResourceURLs: ['string'],
        omitStages: ['string'],
        omitManagedFields: 'boolean',
      },
    ],
  },
};

/** A document that was checked, as a policy; throws 400 with upstream's messages for a wrong one. */
export function parsePolicy(document: Record<string, unknown>, duplicates: readonly string[] = []): AuditPolicy {
  checkStrictly(document, POLICY, duplicates);
  const policy = document as unknown as AuditPolicy;
  const errors = validatePolicy(policy);
  if (errors.length > 0) throw badRequest(aggregate(errors));
  if ((policy.rules ?? []).length === 0) throw badRequest('loaded illegal policy with 0 rules');
  return policy;
}

function validatePolicy(policy: AuditPolicy): FieldError[] {
  return [
    ...stageErrors(policy.omitStages, 'omitStages'),
    ...(policy.rules ?? []).flatMap((rule, i) => ruleErrors(rule, `rules[${i}]`)),
  ];
}

function ruleErrors(rule: PolicyRule, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.level) errors.push(requiredError(`${path}.level`));
  else if (!LEVELS.includes(rule.level)) errors.push(notSupportedError(`${path}.level`, rule.level, LEVELS));
  errors.push(
    ...urlErrors(rule.nonResourceURLs, `${path}.nonResourceURLs`),
    ...resourceErrors(rule.resources, `${path}.resources`),
    ...stageErrors(rule.omitStages, `${path}.omitStages`),
  );
  if (rule.nonResourceURLs?.length && (rule.resources?.length || rule.namespaces?.length)) {
    const why = 'rules cannot apply to both regular resources and non-resource URLs';
    errors.push(invalidError(`${path}.nonResourceURLs`, rule.nonResourceURLs, why));
  }
  return errors;
}

function urlErrors(urls: readonly string[] = [], path: string): FieldError[] {
  return urls.flatMap((url, i) => {
    if (url === '*') return [];
    const errors: FieldError[] = [];
    if (!url.startsWith('/'))
      errors.push(invalidError(`${path}[${i}]`, url, "non-resource URL rules must begin with a '/' character"));
    if (url.slice(0, -1).includes('*')) {
      const why = "non-resource URL wildcards '*' must be the final character of the rule";
      errors.push(invalidError(`${path}[${i}]`, url, why));
    }
    return errors;
  });
}

function resourceErrors(resources: readonly GroupResources[] = [], path: string): FieldError[] {
  return resources.flatMap(({ group = '', resources: named = [], resourceNames = [] }) => {
    const errors: FieldError[] = [];
    const faults = group === '' || group === '*' ? [] : dns1123Subdomain(group);
    if (faults.length > 0) errors.push(invalidError(`${path}.group`, group, faults.join(',')));
    if (resourceNames.length > 0 && named.length === 0) {
      const why = 'using resourceNames requires at least one resource';
      errors.push(invalidError(`${path}.resourceNames`, resourceNames, why));
    }
    return errors;
  });
}

function stageErrors(stages: readonly AuditStage[] = [], path: string): FieldError[] {
  return stages.flatMap((stage, i) =>
    STAGES.includes(stage) ? [] : [invalidError(`${path}[${i}]`, stage, `allowed stages are ${STAGES.join(',')}`)],
  );
}

interface CompiledRule {
  rule: PolicyRule;
  decision: AuditDecision;
}

export function compilePolicy(policy: AuditPolicy): PolicyEvaluator {
  const whole = policy.omitStages ?? [];
  const otherwise: AuditDecision = {
    level: 'None',
    omitStages: new Set(whole),
    omitManagedFields: policy.omitManagedFields === true,
  };
  const rules: CompiledRule[] = policy.rules.map((rule) => ({
    rule,
    decision: {
      level: rule.level,
      omitStages: new Set([...whole, ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields === true,
    },
  }));
  return { decide: (attributes) => rules.find(({ rule }) => matches(rule, attributes))?.decision ?? otherwise };
}

/** Whether a list that stands for everything when it is empty holds one of `values`. */
const holds = (list: readonly string[] | undefined, ...values: readonly string[]): boolean =>
  !list?.length || values.some((value) => list.includes(value));

function matches(rule: PolicyRule, attributes: Attributes): boolean {
  const { user, verb } = attributes;
  if (!holds(rule.users, user.name) || !holds(rule.userGroups, ...user.groups) || !holds(rule.verbs, verb))
    return false;
  if (rule.namespaces?.length || rule.resources?.length) return matchesResource(rule, attributes);
  if (!rule.nonResourceURLs?.length) return true;
  if (attributes.isResource) return false;
  return rule.nonResourceURLs.some((spec) => matchesPath(spec, attributes.path));
}

const matchesPath = (spec: string, path: string): boolean =>
  spec === '*' || spec === path || (spec.endsWith('*') && path.startsWith(spec.replace(/\*+$/, '')));

function matchesResource(rule: PolicyRule, attributes: Attributes): boolean {
  if (!attributes.isResource || !holds(rule.namespaces, attributes.namespace)) return false;
  if (!rule.resources?.length) return true;
  return rule.resources.some(({ group = '', resources, resourceNames }) => {
    if (group !== '*' && group !== attributes.group) return false;
    if (!resources?.length) return true;
    return holds(resourceNames, attributes.name) && resources.some((spec) => namesResource(spec, attributes));
  });
}

function namesResource(spec: string, { resource, subresource }: Attributes): boolean {
  if (spec === '*' || spec === (subresource === '' ? resource : `${resource}/${subresource}`)) return true;
  if (subresource !== '' && spec === `*/${subresource}`) return true;
  return spec.endsWith('/*') && spec.slice(0, -2) === resource;
}
