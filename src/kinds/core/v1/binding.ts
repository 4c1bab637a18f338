import { defineKind } from '../../define-kind.ts';
import type { Binding } from '../../generated/types/core-v1.ts';

export const bindings = defineKind<Binding>('core/v1/bindings', {});
