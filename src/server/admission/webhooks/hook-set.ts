/** The webhooks in force, and which of them a request may concern. Upstream: admission/configuration, webhook/generic. */
import type { CompiledExpression, MutatingWebhook, ValidatingWebhook } from '../../../kinds/index.ts';
import type { KubeObject } from '../../../machinery/meta.ts';
import { type LabelRequirement, requirementsOf } from '../../../machinery/selectors/index.ts';
import type { ConfigSnapshot } from '../../contract.ts';
import { compileConditions } from '../expressions/index.ts';
import { CandidateIndex, matchingRules, type ResourceForm, type RuleTarget } from '../match/index.ts';

export type Webhook = MutatingWebhook & ValidatingWebhook;

export interface Hook {
  /** Tells webhooks of all configurations apart. */
  readonly id: string;
  readonly configuration: string;
  /** Place among all webhooks, which audit annotations name. */
  readonly index: number;
  readonly webhook: Webhook;
  readonly namespaces: readonly LabelRequirement[];
  readonly objects: readonly LabelRequirement[];
  /** Compiled on first use. */
  conditions(): readonly CompiledExpression[];
}

/** A webhook whose rules name the request, under the form that they name. */
export interface HookCandidate {
  readonly hook: Hook;
  readonly form: ResourceForm;
}

const CONDITION_SCOPE = { params: false, authorizer: true };

/** The webhooks in force, in the order in which they are called. */
export type HookSet = CandidateIndex<Hook, HookCandidate>;

function candidateOf(hook: Hook, target: RuleTarget): HookCandidate | undefined {
  const { rules = [], matchPolicy } = hook.webhook;
  const [match] = matchingRules(rules, target, matchPolicy !== 'Equivalent');
  return match && { hook, form: match.form };
}

/** The webhooks of all objects of a resource: configurations by name, their webhooks as they are listed. */
export function buildHookSet(snapshot: ConfigSnapshot, resource: string): HookSet {
  const configurations = snapshot.list<KubeObject & { webhooks?: Webhook[] }>(resource);
  const sorted = [...configurations].sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  const hooks: Hook[] = [];
  for (const { metadata, webhooks = [] } of sorted) {
    const seen = new Map<string, number>();
    for (const webhook of webhooks) {
      const count = seen.get(webhook.name) ?? 0;
      seen.set(webhook.name, count + 1);
      const configuration = metadata.name ?? '';
      hooks.push(
        hookOf(webhook, { id: `${configuration}/${webhook.name}/${count}`, configuration, index: hooks.length }),
      );
    }
  }
  return new CandidateIndex(hooks, candidateOf);
}

function hookOf(webhook: Webhook, names: Pick<Hook, 'id' | 'configuration' | 'index'>): Hook {
  let compiled: readonly CompiledExpression[] | undefined;
  return {
    ...names,
    webhook,
    namespaces: requirementsOf(webhook.namespaceSelector ?? {}) ?? [],
    objects: requirementsOf(webhook.objectSelector ?? {}) ?? [],
    conditions() {
      compiled ??= compileConditions(webhook.matchConditions ?? [], CONDITION_SCOPE);
      return compiled;
    },
  };
}
