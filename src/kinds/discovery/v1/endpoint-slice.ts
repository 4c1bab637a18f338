import { endpointSliceCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { EndpointSlice } from '../../generated/types/discovery-v1.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from './validate.ts';

export const endpointSlices = defineKind<EndpointSlice>('discovery.k8s.io/v1/endpointslices', {
  defaults(slice) {
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  cells: endpointSliceCells,
  strategy: { validateCreate: validateEndpointSlice, validateUpdate: validateEndpointSliceUpdate },
});
