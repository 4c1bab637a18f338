/** All authorizers in order: system:masters, nodes, RBAC. Upstream: kubeapiserver/authorizer. */
import type { Clock } from '../../base/clock.ts';
import type { Store } from '../../storage/contract.ts';
import { MASTERS_GROUP } from '../authn/users.ts';
import type { Authorizer, ConfigCache } from '../contract.ts';
import { authorizeNode } from './node-authorizer.ts';
import { createNodeGraph } from './node-graph.ts';
import { authorizeByRbac } from './rbac.ts';

export interface AuthorizerDeps {
  store: Store;
  config: ConfigCache;
  clock: Clock;
}

/** The first that allows decides; reasons of the others are joined. Nothing is ever denied outright. */
export function createAuthorizer({ store, config, clock }: AuthorizerDeps): Authorizer {
  const graph = createNodeGraph(store, clock);
  return {
    async authorize(attributes) {
      if (attributes.user.groups.includes(MASTERS_GROUP)) return { decision: 'allow', reason: '' };
      const byNode = await authorizeNode(attributes, graph, () => config.fresh());
      if (byNode.decision === 'allow') return byNode;
      const byRbac = authorizeByRbac(attributes, await config.fresh());
      if (byRbac.decision === 'allow' || byNode.reason === '') return byRbac;
      return { ...byRbac, reason: [byNode.reason, byRbac.reason].filter(Boolean).join('\n') };
    },
  };
}
