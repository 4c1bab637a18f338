import { defineKind } from '../../define-kind.ts';
import type { StatefulSet } from '../../generated/types/apps-v1.ts';

export const statefulSets = defineKind<StatefulSet>('apps/v1/statefulsets', {});
