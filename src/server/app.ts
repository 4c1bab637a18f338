/** The API server of one cluster, put together. */
import { createKindRegistry } from '../kinds/index.ts';
import { objectValidator } from '../machinery/validation/index.ts';
import { createAdmission } from './admission/index.ts';
import { createAggregation } from './aggregation/index.ts';
import { createServiceAllocator } from './allocation/index.ts';
import {
  createAuthenticator,
  createObjectLookup,
  createSigningKeys,
  createTokenMinter,
  jsonWebKeySet,
  openIdConfiguration,
} from './authn/index.ts';
import { createAuthorizer, createImpersonator } from './authz/index.ts';
import { bootstrapCluster } from './bootstrap/index.ts';
import { createChain } from './chain.ts';
import { createConfigCache } from './config-cache.ts';
import type { Server, ServerOptions } from './contract.ts';
import { createWebhookConverter } from './conversion/webhook-converter.ts';
import { createCustomRegistry, createDefinitionKeeper, definitionRecords, storeFor } from './custom/index.ts';
import { createFieldOwners } from './field-owners.ts';
import { createAuditing } from './filters/audit.ts';
import { createFlowControl, createFlowSchemaStatus } from './flow/index.ts';
import { answerJoin } from './join/index.ts';
import { createMetrics } from './metrics.ts';
import { createNodeLeases } from './node-leases.ts';
import { createReviews } from './reviews/index.ts';
import type { ServerParts } from './scope.ts';

/** The server over `options`; parts that a test replaces come in `replaced`. */
export function createServer(options: ServerOptions, replaced: Partial<ServerParts> = {}): Server {
  const parts: ServerParts = { ...assemble(options), ...replaced };
  const chain = createChain(parts);
  const lookup = createObjectLookup({ store: options.store, kinds: parts.kinds, config: parts.config });
  const joinDeps = { ...parts, lookup, signing: createSigningKeys(options.keys) };
  return {
    async fetch(request, caller) {
      const joined = caller === undefined ? await answerJoin(request, joinDeps) : undefined;
      return joined ?? chain.fetch(request, caller);
    },
    authenticate: (request) => parts.authenticator.authenticate(request),
    observe: (tracked) => parts.config.observe(tracked),
    bootstrap: () => bootstrapCluster({ options, kinds: parts.kinds, config: parts.config, aggregateRoles: false }),
  };
}

function assemble(options: ServerOptions): ServerParts {
  const { store, settings, clock, random } = options;
  const metrics = options.metrics ?? createMetrics();
  const builtIn = createKindRegistry();
  const config = createConfigCache({ store, kinds: builtIn, clock });
  const kinds = createCustomRegistry({ builtIn, config, store });
  const authorizer = createAuthorizer({ ...options, config });
  const signing = createSigningKeys(options.keys);
  const authenticator = createAuthenticator({ ...options, kinds, config });
  const parts: ServerParts = {
    options,
    kinds,
    config,
    authorizer,
    authenticator,
    impersonator: createImpersonator(authorizer),
    admission: createAdmission({
      ...{ config, store, kinds, authorizer, settings, clock, random },
      storeOf: (kind) => storeFor(parts, kind),
      ...(options.outbound ? { outbound: options.outbound } : {}),
      webhookMetrics: metrics.webhooks,
    }),
    aggregation: createAggregation(options, () => parts),
    validator: objectValidator,
    fieldOwners: createFieldOwners(kinds),
    metrics,
    auditing: createAuditing(options, metrics.audit),
    flow: createFlowControl({ clock, metrics: metrics.flow }),
    hooks: new Map(
      [createServiceAllocator({ store, kinds, settings, clock, random }), definitionRecords].map((hook) => [
        hook.resource,
        hook,
      ]),
    ),
    definitions: createDefinitionKeeper(() => parts, kinds),
    converter: createWebhookConverter({ outbound: options.outbound, clock, random }),
    readHooks: new Map([
      ['leases.coordination.k8s.io', createNodeLeases({ nodes: options.nodes, clock })],
      ['flowschemas.flowcontrol.apiserver.k8s.io', createFlowSchemaStatus(config)],
    ]),
    reviews: createReviews({ authenticator, authorizer, config, clock }),
    mintToken: createTokenMinter({
      settings,
      lookup: createObjectLookup({ store, kinds, config }),
      signing,
      clock,
      random,
    }),
    openId: {
      configuration: () => openIdConfiguration(settings, signing),
      keys: () => jsonWebKeySet(signing),
    },
  };
  return parts;
}
