import { endpointsCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { Endpoints } from '../../generated/types/core-v1.ts';
import { validateEndpoints } from './validate-endpoints.ts';

export const endpoints = defineKind<Endpoints>('core/v1/endpoints', {
  defaults(object) {
    for (const subset of object.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP';
  },
  cells: endpointsCells,
  strategy: { validateCreate: validateEndpoints, validateUpdate: validateEndpoints },
});
