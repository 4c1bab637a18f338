import type { UserInfo } from './contract.ts';
import type { RequestScope } from './scope.ts';

/** What Hono hands through: the caller from outside, the scope once it is built. */
export interface ChainEnv {
  Bindings: { caller?: UserInfo };
  Variables: { scope: RequestScope };
}
