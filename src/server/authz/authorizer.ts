/** All authorizers in order: system:masters, nodes, RBAC, or as the cluster's configuration has it. Upstream: kubeapiserver/authorizer. */
import type { Clock } from '../../base/clock.ts';
import type { Store } from '../../storage/contract.ts';
import { MASTERS_GROUP } from '../authn/users.ts';
import type { Authorizer, ConfigCache, Logger } from '../contract.ts';
import type { Outbound } from '../outbound/contract.ts';
import { authorizeNode } from './node-authorizer.ts';
import { createNodeGraph } from './node-graph.ts';
import { authorizeByRbac } from './rbac.ts';
import { structuredAuthorizer } from './structured/index.ts';

export interface AuthorizerDeps {
  store: Store;
  config: ConfigCache;
  clock: Clock;
  /** For webhooks. */
  outbound?: Outbound | undefined;
  log?: Logger;
}

/** Members of system:masters may do everything, whatever is configured. */
export function createAuthorizer({ store, config, clock, outbound, log }: AuthorizerDeps): Authorizer {
  const graph = createNodeGraph(store, clock);
  const builtIn = {
    Node: { authorize: (attributes) => authorizeNode(attributes, graph) },
    RBAC: { authorize: async (attributes) => authorizeByRbac(attributes, await config.fresh()) },
  } satisfies Record<string, Authorizer>;
  const deps = { builtIn, outbound, clock, log };
  return {
    async authorize(attributes) {
      if (attributes.user.groups.includes(MASTERS_GROUP)) return { decision: 'allow', reason: '' };
      const snapshot = await config.fresh();
      const configured = structuredAuthorizer(snapshot, deps);
      if (configured) return configured.authorize(attributes);
      const byNode = await authorizeNode(attributes, graph);
      if (byNode.decision === 'allow') return byNode;
      const byRbac = authorizeByRbac(attributes, snapshot);
      if (byRbac.decision === 'allow' || byNode.reason === '') return byRbac;
      return { ...byRbac, reason: [byNode.reason, byRbac.reason].filter(Boolean).join('\n') };
    },
  };
}
