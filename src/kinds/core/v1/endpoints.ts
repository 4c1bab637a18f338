import { canonicalWarning } from '../../../machinery/validation/index.ts';
import { endpointsCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { Endpoints } from '../../generated/types/core-v1.ts';
import { validateEndpoints } from './validate-endpoints.ts';

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';

/** The controller of endpoints writes addresses well, so that its objects are not looked at. */
function endpointsWarnings({ metadata, subsets = [] }: Endpoints): string[] {
  if (metadata.labels?.[MANAGED_BY] === 'endpoint-controller') return [];
  return subsets.flatMap((subset, index) =>
    (['addresses', 'notReadyAddresses'] as const).flatMap((list) =>
      (subset[list] ?? []).flatMap(({ ip }, position) =>
        canonicalWarning(ip, `subsets[${index}].${list}[${position}].ip`),
      ),
    ),
  );
}

export const endpoints = defineKind<Endpoints>('core/v1/endpoints', {
  defaults(object) {
    for (const subset of object.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP';
  },
  cells: endpointsCells,
  strategy: {
    validateCreate: validateEndpoints,
    validateUpdate: validateEndpoints,
    warningsOnCreate: endpointsWarnings,
    warningsOnUpdate: endpointsWarnings,
  },
});
