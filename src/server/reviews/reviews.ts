/** Kinds that are answered and never kept. */
import type { Clock } from '../../base/clock.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { apiTime } from '../../machinery/time.ts';
import type { TokenAuthenticator } from '../authn/index.ts';
import type { Authorizer, ConfigCache, UserInfo } from '../contract.ts';
import { reviewAccess, reviewLocalAccess, reviewOwnAccess } from './access-review.ts';
import { reviewOwnRules } from './rules-review.ts';
import { reviewToken, shownUser } from './token-review.ts';

export interface ReviewDeps {
  authenticator: TokenAuthenticator;
  authorizer: Authorizer;
  config: ConfigCache;
  clock: Clock;
}

/** What a review depends on besides its body. */
export interface ReviewScope {
  readonly user: UserInfo;
  readonly info: { readonly namespace: string };
}

/** The answer to a decoded review, whose managed fields the caller keeps. Throws a StatusError for a wrong one. */
export type Review = (review: KubeObject, scope: ReviewScope) => Promise<KubeObject>;

/** Reviews by storage resource, such as `tokenreviews.authentication.k8s.io`. */
export function createReviews({ authenticator, authorizer, config, clock }: ReviewDeps): ReadonlyMap<string, Review> {
  return new Map<string, Review>([
    ['selfsubjectaccessreviews.authorization.k8s.io', (review, { user }) => reviewOwnAccess(review, user, authorizer)],
    ['subjectaccessreviews.authorization.k8s.io', (review) => reviewAccess(review, authorizer)],
    [
      'localsubjectaccessreviews.authorization.k8s.io',
      (review, { info }) => reviewLocalAccess(review, info.namespace, authorizer),
    ],
    [
      'selfsubjectrulesreviews.authorization.k8s.io',
      async (review, { user }) => reviewOwnRules(review, user, await config.fresh()),
    ],
    ['tokenreviews.authentication.k8s.io', (review) => reviewToken(review, authenticator)],
    ['selfsubjectreviews.authentication.k8s.io', async (_review, { user }) => ownUser(user, clock)],
  ]);
}

function ownUser(user: UserInfo, clock: Clock): KubeObject {
  return {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
    metadata: { creationTimestamp: apiTime(clock.now()) },
    status: { userInfo: shownUser(user) },
  };
}
