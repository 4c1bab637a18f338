import { defineKind } from '../../define-kind.ts';
import type { Secret } from '../../generated/types/core-v1.ts';

export const secrets = defineKind<Secret>('core/v1/secrets', {});
