import { defineKind } from '../../../define-kind.ts';
import type { Pod } from '../../../generated/types/core-v1.ts';
import { podCells, podRowConditions } from './cells.ts';
import { setPodDefaults } from './defaults.ts';
import { podStatusStrategy, podStrategy } from './strategy.ts';
import { ephemeralContainersStrategy, resizeStrategy } from './subresource-strategies.ts';

export const pods = defineKind<Pod>('core/v1/pods', {
  // The strategy makes the status.
  statusOnCreate: true,
  defaults: setPodDefaults,
  strategy: podStrategy,
  statusStrategy: podStatusStrategy,
  subresources: {
    ephemeralcontainers: { strategy: ephemeralContainersStrategy },
    resize: { strategy: resizeStrategy },
  },
  fieldsOf({ spec, status }) {
    return {
      'spec.nodeName': spec.nodeName ?? '',
      'spec.host': spec.nodeName ?? '',
      'spec.restartPolicy': spec.restartPolicy ?? '',
      'spec.schedulerName': spec.schedulerName ?? '',
      'spec.serviceAccountName': spec.serviceAccountName ?? '',
      'spec.hostNetwork': String(spec.hostNetwork ?? false),
      'status.phase': status?.phase ?? '',
      'status.podIP': status?.podIPs?.[0]?.ip ?? status?.podIP ?? '',
      'status.podIPs': '',
      'status.nominatedNodeName': status?.nominatedNodeName ?? '',
    };
  },
  indexedFields: ['spec.nodeName'],
  cells: podCells,
  rowConditions: podRowConditions,
});
