/** Acting as somebody else. Upstream: endpoints/filters/impersonation. */
import type { UserInfo } from '../contract.ts';
import type { RequestScope, ServerParts } from '../scope.ts';
import { attributesOf } from './authorization.ts';

/** Replaces `scope.user` when the request asks for it and its user may, and tells `audit`; throws 400 and 403. */
export async function impersonate(
  parts: ServerParts,
  scope: RequestScope,
  audit?: { impersonated(user: UserInfo, constraint: string | undefined): void },
): Promise<void> {
  const { headers } = scope.request;
  if (!asksToImpersonate(headers)) return;
  let constraint: string | undefined;
  const user = await parts.impersonator.impersonate(headers, attributesOf(scope), (verb) => {
    constraint = verb;
  });
  if (user === scope.user) return;
  audit?.impersonated(user, constraint);
  scope.impersonator = scope.user;
  scope.user = user;
}

function asksToImpersonate(headers: Headers): boolean {
  if (headers.has('impersonate-user') || headers.has('impersonate-group') || headers.has('impersonate-uid'))
    return true;
  for (const name of headers.keys()) if (name.startsWith('impersonate-extra-')) return true;
  return false;
}
