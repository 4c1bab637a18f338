import { certificateSigningRequestCells } from '../../cells/groups.ts';
import { defineKind } from '../../define-kind.ts';
import type { CertificateSigningRequest } from '../../generated/types/certificates-v1.ts';

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
    },
    fieldsOf: ({ spec }) => ({ 'spec.signerName': spec.signerName }),
    cells: certificateSigningRequestCells,
  },
);
