import {
  type CertificateSigningRequest,
  certificateSigningRequests,
  type SubjectAccessReview,
  subjectAccessReviews,
} from '../../kinds/index.ts';
import { isNodeClientRequest } from '../certificate-signing/index.ts';
import { keyOfObject } from '../runtime/change.ts';
import { defineController, type ReconcileContext, type RequestedCertificate } from '../runtime/define-controller.ts';

/**
 * Approves the client certificates of kubelets when their user may have them, as the bootstrap roles say.
 * Upstream: pkg/controller/certificates/approver.
 */
export const certificateApprovingController = defineController({
  name: 'certificate-approving',
  serviceAccount: 'certificate-controller',
  watches: [
    { kind: certificateSigningRequests, keys: (change) => (change.type === 'ADDED' ? keyOfObject(change) : []) },
  ],
  permissions: [
    {
      groups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests'],
      verbs: ['get', 'list', 'watch'],
    },
    { groups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'], verbs: ['update'] },
    { groups: ['certificates.k8s.io'], resources: ['signers'], verbs: ['approve'] },
    { groups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ],
  reconcile,
});

interface Recognizer {
  /** The subresource that must be allowed to be created. */
  permission: string;
  message: string;
  fits(request: CertificateSigningRequest, asked: RequestedCertificate): boolean;
}

const RECOGNIZERS: readonly Recognizer[] = [
  {
    permission: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
    fits: (request, asked) => request.spec.username === asked.commonName && isNodeClientRequest(request, asked),
  },
  {
    permission: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
    fits: isNodeClientRequest,
  },
];

async function reconcile(name: string, context: ReconcileContext): Promise<undefined> {
  const { client, certificates } = context;
  const request = await client.find<CertificateSigningRequest>(certificateSigningRequests, { name });
  if (certificates === undefined || request === undefined || isDecided(request)) return;
  const asked = await certificates.read(atob(request.spec.request ?? '')).catch(() => undefined);
  if (asked === undefined) return;
  for (const { permission, message, fits } of RECOGNIZERS) {
    if (!fits(request, asked) || !(await isAllowed(request, permission, context))) continue;
    const approved = { type: 'Approved', status: 'True', reason: 'AutoApproved', message };
    const status = { ...request.status, conditions: [...(request.status?.conditions ?? []), approved] };
    await client.update(certificateSigningRequests, { ...request, status }, { subresource: 'approval' });
    return;
  }
}

const isDecided = ({ status }: CertificateSigningRequest): boolean =>
  Boolean(status?.certificate) ||
  (status?.conditions ?? []).some(({ type }) => type === 'Approved' || type === 'Denied');

async function isAllowed(
  { spec }: CertificateSigningRequest,
  subresource: string,
  { client }: ReconcileContext,
): Promise<boolean> {
  const review = await client.create<SubjectAccessReview>(subjectAccessReviews, {
    metadata: {},
    spec: {
      user: spec.username ?? '',
      uid: spec.uid ?? '',
      groups: spec.groups ?? [],
      extra: spec.extra ?? {},
      resourceAttributes: {
        group: 'certificates.k8s.io',
        version: '*',
        resource: 'certificatesigningrequests',
        subresource,
        verb: 'create',
      },
    },
  });
  return review.status?.allowed === true;
}
