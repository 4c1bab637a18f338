import { defineKind } from '../../../define-kind.ts';
import type { Service } from '../../../generated/types/core-v1.ts';
import { setServiceDefaults } from './defaults.ts';
import { serviceStrategy } from './strategy.ts';

export const services = defineKind<Service>('core/v1/services', {
  defaults: setServiceDefaults,
  strategy: serviceStrategy,
  fieldsOf: ({ spec }) => ({ 'spec.clusterIP': spec.clusterIP ?? '', 'spec.type': spec.type ?? '' }),
});
