import { serviceCells } from '../../../cells/core.ts';
import { defineKind } from '../../../define-kind.ts';
import type { Service } from '../../../generated/types/core-v1.ts';
import { setServiceDefaults } from './defaults.ts';
import { serviceStatusStrategy, serviceStrategy } from './strategy.ts';

export const services = defineKind<Service>('core/v1/services', {
  defaults: setServiceDefaults,
  strategy: serviceStrategy,
  statusStrategy: serviceStatusStrategy,
  claimsOf: nodePortClaims,
  fieldsOf: ({ spec }) => ({ 'spec.clusterIP': spec.clusterIP ?? '', 'spec.type': spec.type ?? '' }),
  cells: serviceCells,
});

/** A node port belongs to one Service, whatever its protocols. */
function nodePortClaims({ spec }: Service): string[] {
  const ports = [...(spec.ports ?? []).map((port) => port.nodePort), spec.healthCheckNodePort];
  return [...new Set(ports.filter(Boolean))].map((port) => `nodePort/${port}`);
}
