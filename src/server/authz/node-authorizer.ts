/**
 * What a node may do: its own objects, and what its pods refer to.
 * Upstream: plugin/pkg/auth/authorizer/node/node_authorizer.go.
 */
import { memberOf } from '../../machinery/own-member.ts';
import { NODE_USER_PREFIX, NODES_GROUP } from '../authn/users.ts';
import { nodeRules } from '../bootstrap/node-rules.ts';
import type { Attributes, Decision } from '../contract.ts';
import type { NodeGraph } from './node-graph.ts';
import { rulesAllow } from './rules.ts';

const ALLOW: Decision = { decision: 'allow', reason: '' };
const no = (reason = ''): Decision => ({ decision: 'noOpinion', reason });

const LEASE_NAMESPACE = 'kube-node-lease';
const OWN_OBJECT_VERBS = new Set(['get', 'create', 'update', 'patch', 'delete']);
const READ_VERBS = new Set(['get', 'list', 'watch']);

interface NodeRequest {
  node: string;
  attributes: Attributes;
  graph: NodeGraph;
}

type NodeCheck = (request: NodeRequest) => Promise<Decision> | Decision;

/** Resources with rules of their own, by storage name; all others follow the rules of every node. */
const CHECKS: Readonly<Record<string, NodeCheck>> = {
  secrets: readRelated,
  configmaps: readRelated,
  persistentvolumeclaims: (request) =>
    request.attributes.subresource === 'status' ? writeStatus(request) : getRelated(request),
  persistentvolumes: getRelated,
  'resourceclaims.resource.k8s.io': getRelated,
  'volumeattachments.storage.k8s.io': getRelated,
  serviceaccounts: useServiceAccount,
  'leases.coordination.k8s.io': useLease,
  'csinodes.storage.k8s.io': useCsiNode,
  'resourceslices.resource.k8s.io': useResourceSlice,
  nodes: useNode,
  pods: usePod,
  // Nodes may use these only where the feature is on.
  'podcertificaterequests.certificates.k8s.io': () => no(),
};

/** No opinion about users that are no nodes; never denies. */
export async function authorizeNode(attributes: Attributes, graph: NodeGraph): Promise<Decision> {
  const { user } = attributes;
  if (!user.name.startsWith(NODE_USER_PREFIX) || !user.groups.includes(NODES_GROUP)) return no();
  const node = user.name.slice(NODE_USER_PREFIX.length);
  if (node === '') return no(`unknown node for user ${JSON.stringify(user.name)}`);
  if (attributes.isResource) {
    const { group, resource } = attributes;
    const check = memberOf(CHECKS, group === '' ? resource : `${resource}.${group}`);
    if (check) return check({ node, attributes, graph });
  }
  return rulesAllow(attributes, nodeRules()) ? ALLOW : no();
}

async function related({ node, attributes, graph }: NodeRequest): Promise<Decision> {
  const { group, resource, namespace, name } = attributes;
  if (name === '') return no('No Object name found');
  const stored = group === '' ? resource : `${resource}.${group}`;
  if (await graph.isRelated(node, { resource: stored, namespace, name })) return ALLOW;
  return no(`no relationship found between node '${node}' and this object`);
}

function readRelated(request: NodeRequest): Promise<Decision> | Decision {
  const { verb, subresource, namespace } = request.attributes;
  if (!READ_VERBS.has(verb)) return no('can only read resources of this type');
  if (subresource !== '') return no('cannot read subresource');
  if (namespace === '') return no('can only read namespaced object of this type');
  return related(request);
}

function getRelated(request: NodeRequest): Promise<Decision> | Decision {
  if (request.attributes.verb !== 'get') return no('can only get individual resources of this type');
  if (request.attributes.subresource !== '') return no('cannot get subresource');
  return related(request);
}

function writeStatus(request: NodeRequest): Promise<Decision> | Decision {
  const { verb } = request.attributes;
  return verb === 'update' || verb === 'patch' ? related(request) : no('can only get/update/patch this type');
}

function useServiceAccount(request: NodeRequest): Promise<Decision> | Decision {
  const { verb, name, subresource } = request.attributes;
  if (verb === 'get' && subresource === '') return readRelated(request);
  if (verb !== 'create' || name === '') return no('can only create tokens for individual service accounts');
  if (subresource !== 'token') return no('can only create token subresource of serviceaccount');
  return related(request);
}

function useLease({ node, attributes }: NodeRequest): Decision {
  const { verb, namespace, name } = attributes;
  if (!OWN_OBJECT_VERBS.has(verb)) return no('can only get, create, update, patch, or delete a node lease');
  if (namespace !== LEASE_NAMESPACE) return no(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`);
  // On create the name is in the body, which NodeRestriction checks.
  if (verb !== 'create' && name !== node)
    return no('can only access node lease with the same name as the requesting node');
  return ALLOW;
}

function useCsiNode({ node, attributes }: NodeRequest): Decision {
  const { verb, subresource, name } = attributes;
  if (!OWN_OBJECT_VERBS.has(verb)) return no('can only get, create, update, patch, or delete a CSINode');
  if (subresource !== '') return no('cannot authorize CSINode subresources');
  if (verb !== 'create' && name !== node)
    return no('can only access CSINode with the same name as the requesting node');
  return ALLOW;
}

function useResourceSlice(request: NodeRequest): Promise<Decision> | Decision {
  const { node, attributes } = request;
  const { verb, subresource } = attributes;
  if (subresource !== '') return no('cannot authorize ResourceSlice subresources');
  if (verb === 'create') return ALLOW;
  if (verb === 'list' || verb === 'watch' || verb === 'deletecollection') {
    if (selects(attributes, 'spec.nodeName', node)) return ALLOW;
    return no('can only list/watch/deletecollection resourceslices with nodeName field selector');
  }
  if (OWN_OBJECT_VERBS.has(verb)) return related(request);
  return no(
    'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
  );
}

function useNode({ node, attributes }: NodeRequest): Decision {
  const { verb, subresource, name } = attributes;
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? ALLOW : no();
  if (subresource !== '') return no();
  if (verb === 'create' || verb === 'update' || verb === 'patch') return ALLOW;
  if (!READ_VERBS.has(verb)) return no();
  if (name === node) return ALLOW;
  if (name === '') return no(`node '${node}' cannot read all nodes, only its own Node object`);
  return no(`node '${node}' cannot read '${name}', only its own Node object`);
}

function usePod(request: NodeRequest): Promise<Decision> | Decision {
  const { verb, subresource, name } = request.attributes;
  switch (subresource) {
    case '':
      if (verb === 'get') return getRelated(request);
      if (verb === 'create' || verb === 'delete') return ALLOW;
      if (verb !== 'list' && verb !== 'watch') return no();
      if (selects(request.attributes, 'spec.nodeName', request.node)) return ALLOW;
      return name === '' ? no('can only list/watch pods with spec.nodeName field selector') : related(request);
    case 'status':
      return verb === 'update' || verb === 'patch' ? ALLOW : no();
    case 'eviction':
      return verb === 'create' ? ALLOW : no();
    default:
      return no();
  }
}

/** Whether the field selector of the request asks for `field` to equal `value`. */
function selects(attributes: Attributes, field: string, value: string): boolean {
  for (const term of (attributes.fieldSelector ?? '').split(',')) {
    const match = /^([^=!]+)==?([^=]*)$/.exec(term);
    if (match && match[1] === field && match[2] === value) return true;
  }
  return false;
}
