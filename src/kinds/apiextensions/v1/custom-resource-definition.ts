import { defineKind } from '../../define-kind.ts';
import type { CustomResourceDefinition } from '../../generated/types/apiextensions-v1.ts';

export const customResourceDefinitions = defineKind<CustomResourceDefinition>(
  'apiextensions.k8s.io/v1/customresourcedefinitions',
  {},
);
