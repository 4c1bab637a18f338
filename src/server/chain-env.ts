import type { RequestScope } from './scope.ts';

/** What Hono hands through to the routes: the scope of the request, which comes from the chain. */
export interface ChainEnv {
  Bindings: { scope: RequestScope };
}
