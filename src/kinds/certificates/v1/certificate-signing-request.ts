import type { StrategyContext } from '../../../machinery/kind.ts';
import { apiTime } from '../../../machinery/time.ts';
import { certificateSigningRequestCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { CertificateSigningRequest } from '../../generated/types/certificates-v1.ts';
import { validateRequest, validateRequestUpdate } from './validate.ts';

/** Conditions that come without times get them. Upstream: populateConditionTimestamps. */
function stampConditions(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  { now }: StrategyContext,
): void {
  const time = apiTime(now);
  for (const condition of request.status?.conditions ?? []) {
    condition.lastUpdateTime ??= time;
    const before = old.status?.conditions?.find(
      ({ type, status, lastTransitionTime }) =>
        type === condition.type && status === condition.status && lastTransitionTime,
    );
    condition.lastTransitionTime ??= before?.lastTransitionTime ?? time;
  }
}

/** Decisions stay as they were made, unless some were added or taken away, which the rules refuse. */
function keepDecisions({ status }: CertificateSigningRequest, old: CertificateSigningRequest): void {
  const conditions = status?.conditions ?? [];
  for (const decision of ['Approved', 'Denied']) {
    const before = (old.status?.conditions ?? []).filter(({ type }) => type === decision);
    const places = [...conditions.keys()].filter((index) => conditions[index]?.type === decision);
    if (before.length === places.length)
      for (const [index, condition] of before.entries()) conditions[places[index] ?? 0] = { ...condition };
  }
}

export const certificateSigningRequests = defineKind<CertificateSigningRequest>(
  'certificates.k8s.io/v1/certificatesigningrequests',
  {
    strategy: {
      /** A request is made in the name of who sends it. */
      prepareForCreate({ spec }, { user }) {
        spec.username = user.name;
        delete spec.uid;
        if (user.uid) spec.uid = user.uid;
        spec.groups = [...user.groups];
        delete spec.extra;
        if (user.extra && Object.keys(user.extra).length > 0) {
          spec.extra = Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]]));
        }
      },
      prepareForUpdate(request, old) {
        request.spec = old.spec;
      },
      validateCreate: (request) => validateRequest(request),
      validateUpdate: validateRequestUpdate(''),
      resetFields: ['spec'],
    },
    statusStrategy: {
      prepareForUpdate(request, old, context) {
        keepDecisions(request, old);
        stampConditions(request, old, context);
      },
      validateUpdate: validateRequestUpdate('status'),
      resetFields: ['spec', 'status.conditions'],
    },
    subresources: {
      approval: {
        strategy: {
          /** Only the conditions are taken. */
          prepareForUpdate(object, previous, context) {
            const [request, old] = [object as CertificateSigningRequest, previous as CertificateSigningRequest];
            request.spec = old.spec;
            const conditions = request.status?.conditions;
            request.status = { ...old.status };
            if (conditions) request.status.conditions = conditions;
            else delete request.status.conditions;
            stampConditions(request, old, context);
          },
          validateUpdate: (object, old) =>
            validateRequestUpdate('approval')(object as CertificateSigningRequest, old as CertificateSigningRequest),
          resetFields: ['spec', 'status.certificate'],
        },
      },
    },
    fieldsOf: ({ spec }) => ({ 'spec.signerName': spec.signerName }),
    cells: certificateSigningRequestCells,
  },
);
