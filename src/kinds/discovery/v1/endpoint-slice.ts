import { canonicalWarning } from '../../../machinery/validation/index.ts';
import { endpointSliceCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import { equalJson } from '../../equal-json.ts';
import type { EndpointSlice } from '../../generated/types/discovery-v1.ts';
import { raiseGeneration } from '../../strategy.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from './validate.ts';

const warnOfAddressType = ({ addressType }: EndpointSlice): string[] =>
  addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : [];

const warnOfAddresses = ({ endpoints }: EndpointSlice): string[] =>
  (endpoints ?? []).flatMap(({ addresses }, index) =>
    (addresses ?? []).flatMap((address, position) =>
      canonicalWarning(address, `endpoints[${index}].addresses[${position}]`),
    ),
  );

/** Topologies belong to the versions before v1. */
function dropTopology({ endpoints }: EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
}

export const endpointSlices = defineKind<EndpointSlice>('discovery.k8s.io/v1/endpointslices', {
  defaults(slice) {
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  cells: endpointSliceCells,
  strategy: {
    prepareForCreate: dropTopology,
    prepareForUpdate(slice, old) {
      const contentOf = ({ addressType, endpoints, ports }: EndpointSlice): unknown[] => [
        addressType,
        endpoints,
        ports,
      ];
      // Topologies that are dropped count as changes all the same.
      if (!equalJson(contentOf(slice), contentOf(old))) raiseGeneration(slice, old);
      dropTopology(slice);
    },
    validateCreate: (slice) => validateEndpointSlice(slice),
    validateUpdate: validateEndpointSliceUpdate,
    warningsOnCreate: (slice) => [...warnOfAddressType(slice), ...warnOfAddresses(slice)],
    warningsOnUpdate: warnOfAddresses,
  },
});
