/** Which handler answers which path. */
import type { Hono } from 'hono';
import type { ChainEnv } from '../chain-env.ts';
import { pageNotFound } from '../errors.ts';
import type { ServerParts } from '../scope.ts';
import { addDiscoveryRoutes } from './discovery.ts';
import { addHealthRoutes, type DirectAnswer } from './health.ts';
import { addOpenApiRoutes } from './openapi.ts';
import { answerResource } from './resource.ts';
import { addRootRoutes } from './root.ts';

export { answerResource };

/** The paths that name no resource. Those that come back are asked for so often that they are spared the router. */
export function addRoutes(app: Hono<ChainEnv>, parts: ServerParts): ReadonlyMap<string, DirectAnswer> {
  const direct = addHealthRoutes(app, parts);
  addRootRoutes(app, parts);
  addDiscoveryRoutes(app, parts);
  addOpenApiRoutes(app, parts);
  app.all('*', () => pageNotFound());
  return direct;
}
