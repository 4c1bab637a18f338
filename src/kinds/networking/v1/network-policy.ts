import { hasSentEmpty } from '../../../machinery/explicit-empty.ts';
import { age, formatSelector, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { NetworkPolicy } from '../../generated/types/networking-v1.ts';
import { raiseGeneration } from '../../strategy.ts';
import { validateNetworkPolicy, warnOfRanges } from './validate.ts';

export const networkPolicies = defineKind<NetworkPolicy>('networking.k8s.io/v1/networkpolicies', {
  defaults({ spec }) {
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
    spec.policyTypes ??= spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  cells: (policy, now) => [nameOf(policy), formatSelector(policy.spec.podSelector), age(policy, now)],
  strategy: {
    prepareForUpdate(policy, old) {
      // Upstream compares empty lists with absent ones here, and finds them to differ.
      if (hasSentEmpty(policy.spec)) raiseGeneration(policy, old);
    },
    validateCreate: validateNetworkPolicy,
    validateUpdate: validateNetworkPolicy,
    warningsOnCreate: warnOfRanges,
    warningsOnUpdate: warnOfRanges,
  },
});
