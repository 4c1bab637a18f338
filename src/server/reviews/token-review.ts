/** TokenReview: whose token is this? Upstream: pkg/registry/authentication/tokenreview. */
import type { TokenReview, TokenReviewStatus } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { badRequest } from '../../machinery/status.ts';
import { InvalidTokenError, type TokenAuthenticator } from '../authn/index.ts';
import type { UserInfo } from '../contract.ts';

export async function reviewToken(review: KubeObject, authenticator: TokenAuthenticator): Promise<KubeObject> {
  const { token, audiences } = (review as TokenReview).spec ?? {};
  if (!token) throw badRequest('token is required for TokenReview in authentication');
  return { ...review, status: await statusOf(token, audiences ?? [], authenticator) };
}

async function statusOf(
  token: string,
  audiences: readonly string[],
  authenticator: TokenAuthenticator,
): Promise<TokenReviewStatus> {
  try {
    const result = await authenticator.authenticateToken(token, audiences);
    return { authenticated: true, user: shownUser(result.user), audiences: result.audiences };
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    const why = error.message === '' ? 'invalid bearer token' : `[invalid bearer token, ${error.message}]`;
    return { user: {}, error: why };
  }
}

/** A user as reviews show it. */
export function shownUser({ name, uid, groups, extra }: UserInfo): {
  username: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
} {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    ...(groups.length > 0 ? { groups } : {}),
    ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
  };
}
