import { defineKind } from '../../define-kind.ts';
import type { ReplicationController } from '../../generated/types/core-v1.ts';

export const replicationControllers = defineKind<ReplicationController>('core/v1/replicationcontrollers', {});
