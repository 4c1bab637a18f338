import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { ServiceCIDR } from '../../generated/types/networking-v1.ts';

export const serviceCIDRs = defineKind<ServiceCIDR>('networking.k8s.io/v1/servicecidrs', {
  cached: true,
  cells: (object, now) => [nameOf(object), object.spec.cidrs?.join(',') ?? '', age(object, now)],
});
