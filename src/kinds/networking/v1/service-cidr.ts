import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { ServiceCIDR } from '../../generated/types/networking-v1.ts';
import { keepingMetadata, STATUS_METADATA } from '../../strategy.ts';
import { validateServiceCIDR, validateServiceCIDRUpdate } from './validate-addresses.ts';

export const serviceCIDRs = defineKind<ServiceCIDR>('networking.k8s.io/v1/servicecidrs', {
  cached: true,
  strategy: { validateCreate: validateServiceCIDR, validateUpdate: validateServiceCIDRUpdate },
  statusStrategy: keepingMetadata(STATUS_METADATA),
  cells: (object, now) => [nameOf(object), object.spec.cidrs?.join(',') ?? '', age(object, now)],
});
