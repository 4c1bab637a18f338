import { defineKind } from '../../define-kind.ts';
import type { CertificateSigningRequest } from '../../generated/types/certificates-v1.ts';

export const certificateSigningRequests = defineKind<CertificateSigningRequest>(
  'certificates.k8s.io/v1/certificatesigningrequests',
  {},
);
