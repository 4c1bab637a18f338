import { defineKind } from '../../define-kind.ts';
import type { LocalSubjectAccessReview } from '../../generated/types/authorization-v1.ts';

export const localSubjectAccessReviews = defineKind<LocalSubjectAccessReview>(
  'authorization.k8s.io/v1/localsubjectaccessreviews',
  {},
);
