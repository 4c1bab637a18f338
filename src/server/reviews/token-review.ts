/** TokenReview: whose token is this? Upstream: pkg/registry/authentication/tokenreview. */
import type { TokenReview, TokenReviewStatus } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { badRequest } from '../../machinery/status.ts';
import { InvalidTokenError, type TokenAuthenticator } from '../authn/index.ts';
import type { UserInfo } from '../contract.ts';

export async function reviewToken(review: KubeObject, authenticator: TokenAuthenticator): Promise<KubeObject> {
  const { spec, status } = review as TokenReview;
  const { token, audiences } = spec ?? {};
  if (!token) throw badRequest('token is required for TokenReview in authentication');
  const { authenticated: _sent, ...kept } = status ?? {};
  const answer = await statusOf(token, audiences ?? [], authenticator);
  return { ...review, status: { user: {}, ...kept, ...answer } };
}

/** What the token says; the rest of a status stays as it was sent. */
async function statusOf(
  token: string,
  audiences: readonly string[],
  authenticator: TokenAuthenticator,
): Promise<TokenReviewStatus> {
  try {
    // Upstream puts the token behind a word and reads it as a header.
    const [bearer = ''] = token.trimEnd().split(' ');
    const result = await authenticator.authenticateToken(bearer, audiences);
    return { authenticated: true, user: shownUser(result.user), audiences: result.audiences };
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    const why = error.message === '' ? 'invalid bearer token' : `[invalid bearer token, ${error.message}]`;
    return { error: why };
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
