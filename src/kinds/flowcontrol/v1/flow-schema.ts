import { flowSchemaCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { FlowSchema } from '../../generated/types/flowcontrol-v1.ts';
import { flowStatusStrategy } from './status-strategy.ts';
import { validateFlowSchema } from './validate-schema.ts';

export const flowSchemas = defineKind<FlowSchema>('flowcontrol.apiserver.k8s.io/v1/flowschemas', {
  cached: true,
  defaults({ spec }) {
    spec.matchingPrecedence ||= 1000;
  },
  strategy: { validateCreate: validateFlowSchema, validateUpdate: validateFlowSchema },
  statusStrategy: flowStatusStrategy,
  cells: flowSchemaCells,
});
