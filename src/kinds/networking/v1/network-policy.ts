import { defineKind } from '../../define-kind.ts';
import type { NetworkPolicy } from '../../generated/types/networking-v1.ts';

export const networkPolicies = defineKind<NetworkPolicy>('networking.k8s.io/v1/networkpolicies', {});
