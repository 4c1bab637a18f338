/** The chain of authorizers that an AuthorizationConfiguration makes. Upstream: kubeapiserver/authorizer, authorization/union. */
import type { Clock } from '../../../base/clock.ts';
import { type ConfigurationInput, compiledConfiguration, configurationOf } from '../../configuration/document.ts';
import type { Authorizer, ConfigSnapshot, Decision, Logger } from '../../contract.ts';
import type { Outbound } from '../../outbound/contract.ts';
import { type CompiledAuthorizer, compileAuthorization } from './configuration.ts';
import { createWebhookAuthorizer } from './webhook.ts';

export { compileAuthorization } from './configuration.ts';

export interface StructuredAuthorizationDeps {
  /** The built-in authorizers, as a configuration names them. */
  builtIn: Readonly<Record<'Node' | 'RBAC', Authorizer>>;
  outbound: Outbound | undefined;
  clock: Clock;
  log?: Logger | undefined;
}

/** Whether the configuration has a webhook in its chain, whose rules nobody can list. */
export function asksWebhooks(snapshot: ConfigSnapshot): boolean {
  const { authorizers = [] } = (configurationOf(snapshot, 'authorization')?.document ?? {}) as {
    authorizers?: { type?: string }[];
  };
  return authorizers.some(({ type }) => type === 'Webhook');
}

/** The chain that the cluster's configuration asks for; undefined where none is set. */
export function structuredAuthorizer(
  snapshot: ConfigSnapshot,
  deps: StructuredAuthorizationDeps,
): Authorizer | undefined {
  return compiledConfiguration(snapshot, 'authorization', (input) => compile(input, deps));
}

/** A stored document that this release refuses leaves only what needs no authorizer: members of system:masters. */
function compile(input: ConfigurationInput, deps: StructuredAuthorizationDeps): Authorizer {
  try {
    return chainOf(compileAuthorization(input).map((one) => authorizerOf(one, deps)));
  } catch (error) {
    deps.log?.error('the authorization configuration is not valid', { error: String(error) });
    return chainOf([]);
  }
}

const always = (decision: Decision): Authorizer => ({ authorize: async () => decision });

function authorizerOf(
  compiled: CompiledAuthorizer,
  { builtIn, outbound, clock }: StructuredAuthorizationDeps,
): Authorizer {
  if (compiled.type !== 'Webhook') {
    const constant: Readonly<Record<string, Decision>> = { AlwaysAllow: ALLOWED, AlwaysDeny: FORBIDDEN };
    const decision = constant[compiled.type];
    return decision ? always(decision) : builtIn[compiled.type as keyof typeof builtIn];
  }
  if (outbound) return createWebhookAuthorizer(compiled.webhook, { outbound, clock });
  const fault = 'this control plane calls no other servers';
  return always({ decision: compiled.webhook.onError, reason: '', evaluationError: fault, fault });
}

const ALLOWED: Decision = { decision: 'allow', reason: '' };
const FORBIDDEN: Decision = { decision: 'noOpinion', reason: 'Everything is forbidden.' };

/** The first that has an opinion decides; reasons and faults of those before it are kept. */
function chainOf(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes) {
      const reasons: string[] = [];
      const faults: string[] = [];
      for (const authorizer of authorizers) {
        const decision = await authorizer.authorize(attributes);
        if (decision.decision !== 'noOpinion') return decision;
        if (decision.reason !== '') reasons.push(decision.reason);
        if (decision.fault !== undefined) faults.push(decision.fault);
      }
      const fault = faults.length > 1 ? `[${faults.join(', ')}]` : faults[0];
      return {
        ...{ decision: 'noOpinion', reason: reasons.join('\n') },
        ...(fault === undefined ? {} : { evaluationError: fault, fault }),
      };
    },
  };
}
