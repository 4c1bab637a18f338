/** Nodes change only what is theirs. Upstream: plugin/pkg/admission/noderestriction. */
import type { CertificateSigningRequest, ResourceSlice } from '../../../kinds/index.ts';
import { NODE_USER_PREFIX, NODES_GROUP } from '../../authn/users.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../../contract.ts';
import { checkClaim } from '../node-restriction/claim.ts';
import { checkNodeObject } from '../node-restriction/node-object.ts';
import { checkPod } from '../node-restriction/pods.ts';
import { checkTokenRequest } from '../node-restriction/token-request.ts';
import { refusal } from '../requests.ts';

type Check = (request: AdmissionRequest, node: string, context: AdmissionContext) => Promise<void> | void;

const CHECKS: Readonly<Record<string, Check>> = {
  nodes: checkNodeObject,
  pods: checkPod,
  serviceaccounts: checkTokenRequest,
  persistentvolumeclaims: checkClaim,
  'leases.coordination.k8s.io': checkLease,
  'csinodes.storage.k8s.io': checkCsiNode,
  'resourceslices.resource.k8s.io': checkSlice,
  'certificatesigningrequests.certificates.k8s.io': checkCertificateRequest,
};

export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  handles: ({ user, kind, operation }) =>
    operation !== 'CONNECT' &&
    user.name.startsWith(NODE_USER_PREFIX) &&
    user.groups.includes(NODES_GROUP) &&
    (kind.storedAs in CHECKS || user.name === NODE_USER_PREFIX),
  async admit(request, context) {
    const node = request.user.name.slice(NODE_USER_PREFIX.length);
    if (node === '') throw refusal(request, `could not determine node from user ${JSON.stringify(request.user.name)}`);
    await CHECKS[request.kind.storedAs]?.(request, node, context);
  },
};

function checkLease(request: AdmissionRequest, node: string): void {
  if (request.namespace !== 'kube-node-lease') {
    throw refusal(request, 'can only access leases in the "kube-node-lease" system namespace');
  }
  const name = request.operation === 'CREATE' ? request.object?.metadata.name : request.name;
  if (name !== node) throw refusal(request, 'can only access node lease with the same name as the requesting node');
}

function checkCsiNode(request: AdmissionRequest, node: string): void {
  const name = request.operation === 'CREATE' ? request.object?.metadata.name : request.name;
  if (name !== node) throw refusal(request, 'can only access CSINode with the same name as the requesting node');
}

/** Other requests are left to the authorizer, which knows the object; it does not know one that is created. */
function checkSlice(request: AdmissionRequest, node: string): void {
  const verb = request.operation === 'CREATE' ? 'create' : 'delete';
  if (request.operation === 'UPDATE') return;
  const slice = (verb === 'create' ? request.object : request.oldObject) as ResourceSlice | undefined;
  if (slice?.spec?.nodeName === node) return;
  throw refusal(request, `can only ${verb} ResourceSlice with the same NodeName as the requesting node`);
}

const NODE_SIGNERS = new Set(['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet']);

/** A node asks for certificates in its own name. */
async function checkCertificateRequest(request: AdmissionRequest, node: string): Promise<void> {
  if (request.operation !== 'CREATE') return;
  const { spec } = request.object as CertificateSigningRequest;
  if (!NODE_SIGNERS.has(spec?.signerName ?? '')) return;
  const { subjectOf } = await import('../../certificates/x509.ts');
  const subject = subjectOf(spec?.request ?? '');
  if ('fault' in subject) throw refusal(request, `unable to parse csr: ${subject.fault}`);
  const wanted = `${NODE_USER_PREFIX}${node}`;
  if (subject.commonName !== wanted) throw refusal(request, `can only create a node CSR with CN=${wanted}`);
}
