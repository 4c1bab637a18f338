import { defineKind } from '../../define-kind.ts';
import type { TokenReview } from '../../generated/types/authentication-v1.ts';

export const tokenReviews = defineKind<TokenReview>('authentication.k8s.io/v1/tokenreviews', {});
