import { defineKind } from '../../define-kind.ts';
import type { Service } from '../../generated/types/core-v1.ts';

export const services = defineKind<Service>('core/v1/services', {});
