import { defineKind } from '../../define-kind.ts';
import type { ReplicaSet } from '../../generated/types/apps-v1.ts';

export const replicaSets = defineKind<ReplicaSet>('apps/v1/replicasets', {});
