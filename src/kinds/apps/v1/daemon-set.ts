import { defineKind } from '../../define-kind.ts';
import type { DaemonSet } from '../../generated/types/apps-v1.ts';

export const daemonSets = defineKind<DaemonSet>('apps/v1/daemonsets', {});
