import { flowSchemaCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { FlowSchema } from '../../generated/types/flowcontrol-v1.ts';

export const flowSchemas = defineKind<FlowSchema>('flowcontrol.apiserver.k8s.io/v1/flowschemas', {
  cached: true,
  defaults({ spec }) {
    spec.matchingPrecedence ||= 1000;
  },
  cells: flowSchemaCells,
});
