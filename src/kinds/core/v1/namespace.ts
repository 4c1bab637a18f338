import { defineKind } from '../../define-kind.ts';
import type { Namespace } from '../../generated/types/core-v1.ts';

export const namespaces = defineKind<Namespace>('core/v1/namespaces', {});
