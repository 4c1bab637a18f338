/** The policies in force, with their bindings, and which of them a request may concern. Upstream: policy/generic/policy_source.go. */
import type { MatchResources, ParamKind, ParamRef } from '../../../kinds/index.ts';
import type { ObjectMeta } from '../../../machinery/meta.ts';
import { type LabelRequirement, requirementsOf } from '../../../machinery/selectors/index.ts';
import type { AdmissionContext, AdmissionRequest, ConfigSnapshot } from '../../contract.ts';
import {
  CandidateIndex,
  matchByName,
  matchesNamespace,
  matchesObject,
  matchingRules,
  type ResourceForm,
  type RuleMatch,
  type RuleTarget,
  resourceForm,
} from '../match/index.ts';

export interface AnyPolicy {
  metadata: ObjectMeta;
  spec: { failurePolicy?: string; paramKind?: ParamKind; matchConstraints?: MatchResources };
}

export interface AnyBinding {
  metadata: ObjectMeta;
  spec: { policyName?: string; paramRef?: ParamRef; matchResources?: MatchResources };
}

/** Match resources with their selectors parsed. */
interface Criteria {
  readonly resources: MatchResources;
  readonly namespaces: readonly LabelRequirement[];
  readonly objects: readonly LabelRequirement[];
}

interface BoundBinding<B> {
  readonly binding: B;
  /** Absent: the binding narrows nothing. */
  readonly criteria: Criteria | undefined;
}

/** A policy with all its bindings. */
export interface PolicyHook<P, B> {
  readonly policy: P;
  readonly bindings: readonly BoundBinding<B>[];
  readonly criteria: Criteria;
}

/** What of the rules of a hook holds for all requests of one sort. */
interface RulesOf {
  /** Undefined: there are no rules, which matches everything. */
  readonly rules: readonly RuleMatch[] | undefined;
  readonly excluded: readonly RuleMatch[];
}

interface CandidateBinding<B> extends RulesOf {
  readonly bound: BoundBinding<B>;
}

/** A policy that may concern a request, as its names and labels tell. */
export interface Candidate<P, B> extends RulesOf {
  readonly hook: PolicyHook<P, B>;
  readonly bindings: readonly CandidateBinding<B>[];
}

/** The policies in force, in the order of their names. */
export type PolicySet<P, B> = CandidateIndex<PolicyHook<P, B>, Candidate<P, B>>;

function candidateOf<P, B>(hook: PolicyHook<P, B>, target: RuleTarget): Candidate<P, B> | undefined {
  const own = rulesFor(hook.criteria, target);
  if (!own) return undefined;
  const bindings = hook.bindings.flatMap((bound) => {
    const rules = bound.criteria ? rulesFor(bound.criteria, target) : { rules: undefined, excluded: [] };
    return rules ? [{ bound, ...rules }] : [];
  });
  return { hook, bindings, ...own };
}

/** Undefined when the rules can match no request of this sort. */
function rulesFor({ resources }: Criteria, target: RuleTarget): RulesOf | undefined {
  const { matchPolicy, resourceRules, excludeResourceRules } = resources;
  const exact = matchPolicy === undefined || matchPolicy === 'Exact';
  const excluded = excludeResourceRules?.length ? matchingRules(excludeResourceRules, target, exact) : [];
  if (excluded.some(({ names }) => names === undefined)) return undefined;
  if (!resourceRules?.length) return { rules: undefined, excluded };
  const rules = matchingRules(resourceRules, target, exact);
  return rules.length === 0 ? undefined : { rules, excluded };
}

/**
 * The form under which a policy or binding matches the request; undefined when it does not. Throws when a selector
 * cannot be answered. Upstream: policy/matching Matches.
 */
async function matchedForm(
  criteria: Criteria | undefined,
  { rules, excluded }: RulesOf,
  { request, context }: { request: AdmissionRequest; context: AdmissionContext },
): Promise<ResourceForm | undefined> {
  if (matchByName(excluded, request)) return undefined;
  const form = rules ? matchByName(rules, request) : resourceForm(request.kind, request.subresource);
  if (!form || !criteria) return form;
  if (!matchesObject(criteria.objects, request)) return undefined;
  return (await matchesNamespace(criteria.namespaces, request, context)) ? form : undefined;
}

interface Asked {
  request: AdmissionRequest;
  context: AdmissionContext;
}

export const policyForm = (candidate: Candidate<unknown, unknown>, asked: Asked): Promise<ResourceForm | undefined> =>
  matchedForm(candidate.hook.criteria, candidate, asked);

export const bindingMatches = async (binding: CandidateBinding<unknown>, asked: Asked): Promise<boolean> =>
  (await matchedForm(binding.bound.criteria, binding, asked)) !== undefined;

/** The set over the objects of two resources. Policies without a binding are not in force. */
export function buildPolicySet<P extends AnyPolicy, B extends AnyBinding>(
  snapshot: ConfigSnapshot,
  resources: { policies: string; bindings: string },
): PolicySet<P, B> {
  const bound = new Map<string, BoundBinding<B>[]>();
  const bindings = snapshot.list<B>(resources.bindings);
  for (const binding of sortedByName(bindings)) {
    const { policyName = '', matchResources } = binding.spec;
    const entry = { binding, criteria: matchResources && criteriaOf(matchResources) };
    const others = bound.get(policyName);
    if (others) others.push(entry);
    else bound.set(policyName, [entry]);
  }
  const hooks = [...bound.keys()].sort().flatMap((name) => {
    const policy = snapshot.get<P>(resources.policies, '', name);
    if (!policy?.spec.matchConstraints) return [];
    return [{ policy, bindings: bound.get(name) ?? [], criteria: criteriaOf(policy.spec.matchConstraints) }];
  });
  return new CandidateIndex<PolicyHook<P, B>, Candidate<P, B>>(hooks, candidateOf);
}

const sortedByName = <T extends AnyBinding>(objects: readonly T[]): T[] =>
  [...objects].sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));

const criteriaOf = (resources: MatchResources): Criteria => ({
  resources,
  namespaces: requirementsOf(resources.namespaceSelector ?? {}) ?? [],
  objects: requirementsOf(resources.objectSelector ?? {}) ?? [],
});
