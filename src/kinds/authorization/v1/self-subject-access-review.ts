import { defineKind } from '../../define-kind.ts';
import type { SelfSubjectAccessReview } from '../../generated/types/authorization-v1.ts';

export const selfSubjectAccessReviews = defineKind<SelfSubjectAccessReview>(
  'authorization.k8s.io/v1/selfsubjectaccessreviews',
  {},
);
