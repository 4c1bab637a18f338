/** Who asks: the caller given in process, the proven credentials, or the anonymous user. */
import { bearerWarning } from '../authn/bearer-token.ts';
import { ALL_AUTHENTICATED, anonymousUser } from '../authn/users.ts';
import type { UserInfo } from '../contract.ts';
import type { RequestScope, ServerParts } from '../scope.ts';

/** Sets `scope.user`. Throws 401 for credentials that are there and wrong. Upstream: filters/authentication.go. */
export async function authenticate(
  parts: ServerParts,
  scope: RequestScope,
  caller: UserInfo | undefined,
): Promise<void> {
  const user = caller ?? (await parts.authenticator.authenticate(scope.request));
  if (user === null) {
    scope.user = anonymousUser();
    const warning = bearerWarning(scope.request.headers);
    if (warning !== undefined) scope.warn(warning);
  } else scope.user = user.groups.includes(ALL_AUTHENTICATED) ? user : authenticated(user);
}

/** Users of remembered tokens are one value each, so what is kept of them is found again. */
const completed = new WeakMap<UserInfo, UserInfo>();

function authenticated(user: UserInfo): UserInfo {
  let known = completed.get(user);
  if (!known) {
    known = { ...user, groups: [...user.groups, ALL_AUTHENTICATED] };
    completed.set(user, known);
  }
  return known;
}
