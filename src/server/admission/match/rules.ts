/** Which requests the rules of webhooks and policies name. Upstream: admission/plugin/webhook/predicates/rules. */
import type { AdmissionRequest, Operation } from '../../contract.ts';
import type { ResourceForm } from './resource-forms.ts';

export interface AdmissionRule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  /** `pods`, `pods/status`, `*`, `pods/*`, `*` + `/scale`. */
  readonly resources?: readonly string[];
  readonly scope?: string;
  /** Absent or empty: objects of any name. */
  readonly resourceNames?: readonly string[];
}

/** What rules say of a request before its names and labels are looked at; the same for all requests of its sort. */
export interface RuleTarget {
  readonly operation: Operation;
  readonly subresource: string;
  /** The request is made inside a namespace; requests for a namespace object are made inside it. */
  readonly inNamespace: boolean;
  readonly form: ResourceForm;
  /** Other resources that serve the same objects; asked for only where a rule may match them. */
  readonly equivalents: () => readonly ResourceForm[];
}

/** A rule that names the request, under one of its forms. */
export interface RuleMatch {
  readonly form: ResourceForm;
  /** The object must have one of these names. */
  readonly names: readonly string[] | undefined;
}

/**
 * The rules that match, in the order in which upstream tries them: all under the form of the request, then (unless
 * `exact`) each under the equivalent forms.
 */
export function matchingRules(rules: readonly AdmissionRule[], target: RuleTarget, exact: boolean): RuleMatch[] {
  const own = rules.filter((rule) => ruleNames(rule, target, target.form));
  const matches = own.map((rule) => matchOf(rule, target.form));
  if (exact || matches.some(({ names }) => names === undefined)) return matches;
  for (const rule of rules)
    for (const form of target.equivalents()) if (ruleNames(rule, target, form)) matches.push(matchOf(rule, form));
  return matches;
}

/** The form under which the first of `matches` holds for an object of this name. */
export function matchByName(matches: readonly RuleMatch[], { name }: AdmissionRequest): ResourceForm | undefined {
  return matches.find(({ names }) => names === undefined || names.includes(name))?.form;
}

const matchOf = ({ resourceNames }: AdmissionRule, form: ResourceForm): RuleMatch => ({
  form,
  names: resourceNames?.length ? resourceNames : undefined,
});

function ruleNames(rule: AdmissionRule, target: RuleTarget, form: ResourceForm): boolean {
  return (
    scopeFits(rule.scope, target, form) &&
    includes(rule.operations, target.operation) &&
    includes(rule.apiGroups, form.group) &&
    includes(rule.apiVersions, form.version) &&
    resourceFits(rule.resources, form.resource, target.subresource)
  );
}

const includes = (items: readonly string[] | undefined, wanted: string): boolean =>
  items?.some((item) => item === '*' || item === wanted) ?? false;

function scopeFits(scope: string | undefined, { inNamespace }: RuleTarget, form: ResourceForm): boolean {
  if (scope === undefined || scope === '*') return true;
  const isNamespace = form.group === '' && form.version === 'v1' && form.resource === 'namespaces';
  const namespaced = inNamespace && !isNamespace;
  return scope === 'Namespaced' ? namespaced : scope === 'Cluster' && !namespaced;
}

function resourceFits(resources: readonly string[] | undefined, resource: string, subresource: string): boolean {
  return (resources ?? []).some((text) => {
    const slash = text.indexOf('/');
    const wanted = slash < 0 ? text : text.slice(0, slash);
    const part = slash < 0 ? '' : text.slice(slash + 1);
    return (wanted === '*' || wanted === resource) && (part === '*' || part === subresource);
  });
}
