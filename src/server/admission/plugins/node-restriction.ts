/** Nodes change only what is theirs. Upstream: plugin/pkg/admission/noderestriction. */
import { NODE_USER_PREFIX, NODES_GROUP } from '../../authn/users.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../../contract.ts';
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
};

export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  handles: ({ user, kind, operation }) =>
    operation !== 'CONNECT' &&
    kind.storedAs in CHECKS &&
    user.name.startsWith(NODE_USER_PREFIX) &&
    user.groups.includes(NODES_GROUP),
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

interface Slice {
  spec?: { nodeName?: string };
}

function checkSlice(request: AdmissionRequest, node: string): void {
  const slice = (request.operation === 'CREATE' ? request.object : request.oldObject) as Slice | undefined;
  if (slice && slice.spec?.nodeName !== node) {
    throw refusal(request, 'can only create or delete ResourceSlices with the same NodeName as the requesting node');
  }
}

interface Claim {
  status?: {
    capacity?: unknown;
    conditions?: unknown;
    allocatedResources?: unknown;
    allocatedResourceStatuses?: unknown;
  };
}

/** A node reports the growth of a volume and nothing else. */
function checkClaim(request: AdmissionRequest, node: string): void {
  if (request.subresource !== 'status') {
    throw refusal(request, `may only update PVC status`);
  }
  const rest = (value: AdmissionRequest['object']): string => {
    const { status, metadata, ...others } = (value ?? { metadata: {} }) as NonNullable<typeof value> & Claim;
    const {
      capacity: _c,
      conditions: _o,
      allocatedResources: _a,
      allocatedResourceStatuses: _s,
      ...kept
    } = (status ?? {}) as NonNullable<Claim['status']>;
    const { managedFields: _m, resourceVersion: _r, ...meta } = metadata;
    return JSON.stringify([others, kept, meta]);
  };
  if (rest(request.object) !== rest(request.oldObject)) {
    throw refusal(
      request,
      `node ${JSON.stringify(node)} is not allowed to update fields other than status.quantity and status.conditions`,
    );
  }
}
