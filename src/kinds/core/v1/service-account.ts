import { defineKind } from '../../define-kind.ts';
import type { ServiceAccount } from '../../generated/types/core-v1.ts';

export const serviceAccounts = defineKind<ServiceAccount>('core/v1/serviceaccounts', { cached: true });
