import { ingressClassCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { IngressClass } from '../../generated/types/networking-v1.ts';
import { validateIngressClass, validateIngressClassUpdate } from './validate.ts';

export const ingressClasses = defineKind<IngressClass>('networking.k8s.io/v1/ingressclasses', {
  cached: true,
  defaults({ spec }) {
    if (spec.parameters) spec.parameters.scope ??= 'Cluster';
  },
  cells: ingressClassCells,
  strategy: { validateCreate: validateIngressClass, validateUpdate: validateIngressClassUpdate },
});
