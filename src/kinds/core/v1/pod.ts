import { defineKind } from '../../define-kind.ts';
import type { Pod } from '../../generated/types/core-v1.ts';

export const pods = defineKind<Pod>('core/v1/pods', {});
