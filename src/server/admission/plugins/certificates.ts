/**
 * Who may approve and sign certificate requests, and for whom none are made.
 * Upstream: plugin/pkg/admission/certificates/{approval,signing,subjectrestriction}.
 */
import type { CertificateSigningRequest } from '../../../kinds/index.ts';
import { invalid } from '../../../machinery/status.ts';
import { invalidError } from '../../../machinery/validation/index.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../../contract.ts';
import { refusal } from '../requests.ts';

const REQUESTS = 'certificatesigningrequests.certificates.k8s.io';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
const MASTERS = 'system:masters';

export const certificateApproval: AdmissionPlugin = {
  name: 'CertificateApproval',
  handles: ({ kind, operation, subresource }) =>
    kind.storedAs === REQUESTS && operation === 'UPDATE' && subresource === 'approval',
  validate: (request, context) => demandSigner(request, context, 'approve'),
};

export const certificateSigning: AdmissionPlugin = {
  name: 'CertificateSigning',
  handles: ({ kind, operation, subresource }) =>
    kind.storedAs === REQUESTS && operation === 'UPDATE' && subresource === 'status',
  validate(request, context) {
    const status = (value: unknown): CertificateSigningRequest['status'] => (value as CertificateSigningRequest).status;
    const [now, before] = [status(request.object), status(request.oldObject)];
    const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
    if (same(now?.certificate, before?.certificate) && same(now?.conditions ?? [], before?.conditions ?? [])) return;
    return demandSigner(request, context, 'sign');
  },
};

/** The part of the validation of a request that takes time. Upstream: certificates/validation validateCSR. */
export const certificateRequestSignature: AdmissionPlugin = {
  name: 'CertificateRequestSignature',
  handles: ({ kind, operation, subresource }) =>
    kind.storedAs === REQUESTS && operation === 'CREATE' && subresource === '',
  async validate({ kind, object, name }) {
    const { spec } = object as CertificateSigningRequest;
    const { requestFault } = await import('../../certificates/x509.ts');
    const fault = await requestFault(decode(spec?.request ?? ''));
    if (fault === undefined) return;
    throw invalid({ group: kind.group, kind: kind.kind }, name, [
      invalidError('spec.request', spec?.request ?? null, fault),
    ]);
  },
};

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: ({ kind, operation, subresource }) =>
    kind.storedAs === REQUESTS && operation === 'CREATE' && subresource === '',
  async validate(request) {
    const { spec } = request.object as CertificateSigningRequest;
    if (spec?.signerName !== CLIENT_SIGNER) return;
    const { organizationsOf } = await import('../../certificates/x509.ts');
    const organizations = organizationsOf(decode(spec.request ?? ''));
    if (organizations?.includes(MASTERS)) {
      throw refusal(request, `use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`);
    }
  },
};

async function demandSigner(
  request: AdmissionRequest,
  context: AdmissionContext,
  verb: 'approve' | 'sign',
): Promise<void> {
  const signer = (request.oldObject as CertificateSigningRequest).spec?.signerName ?? '';
  const domain = `${signer.split('/')[0]}/*`;
  for (const name of [signer, domain]) {
    const decision = await context.authorizer.authorize({
      user: request.user,
      verb,
      isResource: true,
      group: 'certificates.k8s.io',
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      path: '',
    });
    if (decision.decision === 'allow') return;
  }
  throw refusal(request, `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`);
}

function decode(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return '';
  }
}
