/** Which requests the built-in signers take, and what they refuse. Upstream: pkg/controller/certificates/signer. */
import type { CertificateSigningRequest } from '../../kinds/index.ts';
import type { RequestedCertificate } from '../runtime/define-controller.ts';

export const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';
const KUBELET_CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
const KUBELET_SERVING_SIGNER = 'kubernetes.io/kubelet-serving';
const SIGNERS: ReadonlySet<string> = new Set([CLIENT_SIGNER, KUBELET_CLIENT_SIGNER, KUBELET_SERVING_SIGNER]);

const SECOND_MS = 1000;
const YEAR_MS = 365 * 24 * 3600 * SECOND_MS;
const MIN_MS = 600 * SECOND_MS;
const CLIENT_USAGES = ['client auth', 'digital signature', 'key encipherment'];
const NODE_PREFIX = 'system:node:';

/** Whether a request is approved, of a built-in signer and still without an answer. */
export function awaitsSignature({ spec, status }: CertificateSigningRequest): boolean {
  const has = (type: string): boolean => status?.conditions?.some((condition) => condition.type === type) ?? false;
  return SIGNERS.has(spec.signerName) && !status?.certificate && has('Approved') && !has('Denied') && !has('Failed');
}

/** Why its signer refuses a request; undefined when it signs. */
export function refusalOf({ spec }: CertificateSigningRequest, asked: RequestedCertificate): string | undefined {
  const usages = spec.usages ?? [];
  if (spec.signerName === CLIENT_SIGNER) {
    const fits = usages.includes('client auth') && usages.every((usage) => CLIENT_USAGES.includes(usage));
    return fits ? undefined : 'usages did not match';
  }
  const fault = nodeSubjectFault(asked);
  if (fault !== undefined) return fault;
  if (spec.signerName === KUBELET_CLIENT_SIGNER) return kubeletClientFault(asked, usages);
  if (asked.dnsNames.length === 0 && asked.ips.length === 0) return 'DNS or IP subjectAltName is required';
  return nodeUsages(usages, 'server auth') ? undefined : 'usages did not match';
}

/** What holds for every certificate of a node. */
function nodeSubjectFault({ organizations, emails, uris, commonName }: RequestedCertificate): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes')
    return 'subject organization is not system:nodes';
  if (emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (uris.length > 0) return 'URI subjectAltNames are not allowed';
  return commonName.startsWith(NODE_PREFIX) ? undefined : 'subject common name does not begin with system:node:';
}

function kubeletClientFault({ dnsNames, ips }: RequestedCertificate, usages: readonly string[]): string | undefined {
  if (dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (ips.length > 0) return 'IP subjectAltNames are not allowed';
  return nodeUsages(usages, 'client auth') ? undefined : 'usages did not match';
}

/** Digital signature and the given use, with or without key encipherment. */
function nodeUsages(usages: readonly string[], use: string): boolean {
  const allowed = ['digital signature', use, 'key encipherment'];
  return (
    usages.includes('digital signature') && usages.includes(use) && usages.every((usage) => allowed.includes(usage))
  );
}

/** Whether a node could have this client certificate. */
export const isNodeClientRequest = (request: CertificateSigningRequest, asked: RequestedCertificate): boolean =>
  request.spec.signerName === KUBELET_CLIENT_SIGNER && refusalOf(request, asked) === undefined;

/** Milliseconds that a certificate is good for. */
export function lifetimeOf({ spec }: CertificateSigningRequest): number {
  if (spec.expirationSeconds === undefined) return YEAR_MS;
  return Math.min(Math.max(spec.expirationSeconds * SECOND_MS, MIN_MS), YEAR_MS);
}
