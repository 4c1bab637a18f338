import { defineKind } from '../../define-kind.ts';
import type { SelfSubjectRulesReview } from '../../generated/types/authorization-v1.ts';

export const selfSubjectRulesReviews = defineKind<SelfSubjectRulesReview>(
  'authorization.k8s.io/v1/selfsubjectrulesreviews',
  {},
);
