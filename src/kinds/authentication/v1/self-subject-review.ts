import { defineKind } from '../../define-kind.ts';
import type { SelfSubjectReview } from '../../generated/types/authentication-v1.ts';

export const selfSubjectReviews = defineKind<SelfSubjectReview>('authentication.k8s.io/v1/selfsubjectreviews', {});
