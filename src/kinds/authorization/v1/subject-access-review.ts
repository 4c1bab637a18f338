import { defineKind } from '../../define-kind.ts';
import type { SubjectAccessReview } from '../../generated/types/authorization-v1.ts';

export const subjectAccessReviews = defineKind<SubjectAccessReview>('authorization.k8s.io/v1/subjectaccessreviews', {});
