import type { Strategy } from '../../../machinery/kind.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../../generated/types/flowcontrol-v1.ts';
import { keepingMetadata, STATUS_METADATA } from '../../strategy.ts';
import { validateFlowConditions } from './validate-level.ts';

/** Metadata is put back whole. Upstream: registry/flowcontrol, the status strategies of both kinds. */
export const flowStatusStrategy: Strategy<FlowSchema | PriorityLevelConfiguration> = keepingMetadata(
  [...STATUS_METADATA, 'generateName', 'deletionGracePeriodSeconds'],
  { validateUpdate: ({ status }) => validateFlowConditions(status?.conditions) },
);
