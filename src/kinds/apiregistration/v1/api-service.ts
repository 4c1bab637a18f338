import { apiServiceCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { APIService } from '../../generated/types/apiregistration-v1.ts';
import { keepingMetadata } from '../../strategy.ts';
import { validateAPIService, validateAPIServiceStatus } from './validate.ts';

export const apiServices = defineKind<APIService>('apiregistration.k8s.io/v1/apiservices', {
  cached: true,
  definesApis: true,
  defaults({ spec }) {
    if (spec.service) spec.service.port ??= 443;
  },
  strategy: { validateCreate: validateAPIService, validateUpdate: validateAPIService },
  statusStrategy: keepingMetadata(['labels', 'annotations', 'finalizers', 'ownerReferences'], {
    validateUpdate: validateAPIServiceStatus,
  }),
  cells: apiServiceCells,
});
