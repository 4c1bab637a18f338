/** The part of the server that knows which group-versions other servers answer. Upstream: kube-aggregator. */
import { apiServices, customResourceDefinitions } from '../../kinds/index.ts';
import type { ServerOptions } from '../contract.ts';
import type { ServerParts } from '../scope.ts';
import { type ApiIndex, apiIndexOf, pathOf, type RemoteApi } from './api-index.ts';
import { registerGroup, unregisteredGroups } from './auto-register.ts';
import { checkAvailability, LOCAL } from './availability.ts';
import type { Aggregation } from './contract.ts';
import { createIdentity } from './identity.ts';
import { type ProxyDeps, proxyRequest, unavailable } from './proxy.ts';
import { createRemoteDocuments } from './remote-documents.ts';
import { writeAvailability } from './stored-service.ts';

/** Milliseconds between two checks of one API by one isolate. */
const PAUSE_MS = 2_000;
/** How long a server that was found missing is taken for missing. */
const RETRY_MS = 10_000;

export function createAggregation(options: ServerOptions, parts: () => ServerParts): Aggregation {
  const { clock, random, keys, outbound } = options;
  const deps: ProxyDeps = {
    outbound,
    identity: createIdentity({ keys, clock, random }),
    unreached: (api) => background(() => check(api)),
  };
  const checkedAt = new Map<string, number>();

  const index = async (): Promise<ApiIndex> => apiIndexOf(await parts().config.fresh());

  /** Checks an API unless that was done a moment ago, and keeps what was found. */
  const check = async (api: RemoteApi): Promise<void> => {
    const now = clock.now();
    if (now - (checkedAt.get(api.identity) ?? 0) < PAUSE_MS) return;
    checkedAt.delete(api.identity);
    checkedAt.set(api.identity, now);
    if (checkedAt.size > MAX_CHECKED) checkedAt.delete(checkedAt.keys().next().value as string);
    const found = await checkAvailability(api, { ...deps, store: options.store });
    await writeAvailability(parts(), api.name, found);
  };

  const background = (run: () => Promise<void>): void => {
    const { waitUntil, log } = options;
    const done = run().catch((error: unknown) => log.warn('API service not checked', { error: String(error) }));
    waitUntil?.(done);
  };

  /** The API after another look where it was not available. Who asks what it offers wants to know. */
  const awaken = async (api: RemoteApi, isDiscovery: boolean): Promise<RemoteApi | undefined> => {
    const pause = isDiscovery ? PAUSE_MS : RETRY_MS;
    if (api.available || clock.now() - (checkedAt.get(api.identity) ?? 0) < pause) return api;
    await check(api);
    return (await index()).remote(api.group, api.version);
  };

  return {
    index,
    async answer(scope, { group, version }) {
      const api = (await index()).remote(group, version);
      if (!api) return undefined;
      const now = await awaken(api, scope.info.path === pathOf(api));
      return now?.available ? proxyRequest(scope, now, deps) : unavailable();
    },
    async answerDocument(scope, name) {
      const api = (await index()).remotes.find((each) => pathOf(each) === `/${name}`);
      if (!api) return undefined;
      return api.available ? proxyRequest(scope, api, deps) : unavailable();
    },
    async written({ type, key }) {
      if (key.resource === customResourceDefinitions.storedAs) {
        await quietly(parts(), () => registerGroup(parts(), key.name.slice(key.name.indexOf('.') + 1)));
      } else if (key.resource === apiServices.storedAs && type !== 'delete') {
        const api = (await index()).remotes.find(({ name }) => name === key.name);
        if (api) background(() => check(api));
        else await quietly(parts(), () => writeAvailability(parts(), key.name, LOCAL));
      }
    },
    async catchUp() {
      for (const group of unregisteredGroups(await parts().config.fresh()))
        background(() => registerGroup(parts(), group));
    },
    documents: createRemoteDocuments({ ...deps, clock, index }),
  };
}

const MAX_CHECKED = 500;

/** What goes wrong here is mended by the next write to the group; the write that led here is done. */
async function quietly({ options }: ServerParts, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    options.log.warn('API services not registered', { error: String(error) });
  }
}
