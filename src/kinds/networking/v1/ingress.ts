import { ingressCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { Ingress } from '../../generated/types/networking-v1.ts';
import {
  validateIngress,
  validateIngressCreate,
  validateIngressStatus,
  warnOfAddresses,
  warnOfClassAnnotation,
} from './validate-ingress.ts';

export const ingresses = defineKind<Ingress>('networking.k8s.io/v1/ingresses', {
  cells: ingressCells,
  strategy: {
    validateCreate: validateIngressCreate,
    validateUpdate: validateIngress,
    warningsOnCreate: warnOfClassAnnotation,
  },
  statusStrategy: { validateUpdate: validateIngressStatus, warningsOnUpdate: warnOfAddresses },
});
