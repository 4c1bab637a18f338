/** Rules of network policies and ingress classes. Upstream: pkg/apis/networking/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  canonicalWarning,
  cidr,
  dns1123Label,
  domainPrefixedPath,
  forbiddenError,
  invalidError,
  invalidErrors,
  isStrictSubset,
  notSupportedError,
  parseNetwork,
  portName,
  portNumber,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import type {
  IngressClass,
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../generated/types/networking-v1.ts';
import { validateLabelSelector } from '../../label-selector.ts';
import { validateTypedReference } from './typed-reference.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const POLICY_TYPES = ['Ingress', 'Egress'];
const MAX_CONTROLLER = 250;
const PARAMETER_SCOPES = ['Cluster', 'Namespace'];

export function validateNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  const errors = spec.podSelector ? validateLabelSelector(spec.podSelector, 'spec.podSelector') : [];
  for (const [index, { ports = [], from = [] }] of (spec.ingress ?? []).entries())
    errors.push(...validateRule(ports, from, { path: `spec.ingress[${index}]`, peers: 'from' }));
  for (const [index, { ports = [], to = [] }] of (spec.egress ?? []).entries())
    errors.push(...validateRule(ports, to, { path: `spec.egress[${index}]`, peers: 'to' }));
  const types = spec.policyTypes ?? [];
  if (types.length > POLICY_TYPES.length)
    return [...errors, invalidError('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  for (const [index, type] of types.entries())
    if (!POLICY_TYPES.includes(type)) errors.push(notSupportedError(`spec.policyTypes[${index}]`, type, POLICY_TYPES));
  return errors;
}

function validateRule(
  ports: readonly NetworkPolicyPort[],
  peers: readonly NetworkPolicyPeer[],
  at: { path: string; peers: string },
): FieldError[] {
  return [
    ...ports.flatMap((port, index) => validatePort(port, `${at.path}.ports[${index}]`)),
    ...peers.flatMap((peer, index) => validatePeer(peer, `${at.path}.${at.peers}[${index}]`)),
  ];
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (protocol !== undefined && !PROTOCOLS.includes(protocol))
    errors.push(notSupportedError(`${path}.protocol`, protocol, PROTOCOLS));
  if (typeof port === 'number') {
    errors.push(...invalidErrors(`${path}.port`, port, portNumber(port)));
    if (endPort !== undefined && endPort < port)
      errors.push(invalidError(`${path}.endPort`, port, 'must be greater than or equal to `port`'));
    if (endPort !== undefined) errors.push(...invalidErrors(`${path}.endPort`, endPort, portNumber(endPort)));
  } else if (port !== undefined) {
    if (endPort !== undefined)
      errors.push(invalidError(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'));
    errors.push(...invalidErrors(`${path}.port`, port, portName(port)));
  } else if (endPort !== undefined)
    errors.push(invalidError(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified'));
  return errors;
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (podSelector) errors.push(...validateLabelSelector(podSelector, `${path}.podSelector`));
  if (namespaceSelector) errors.push(...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`));
  if (ipBlock) errors.push(...validateBlock(ipBlock, `${path}.ipBlock`));
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(requiredError(path, 'must specify a peer'));
  else if (ipBlock && (podSelector || namespaceSelector))
    errors.push(forbiddenError(path, 'may not specify both ipBlock and another peer'));
  return errors;
}

function validateBlock(block: IPBlock, path: string): FieldError[] {
  if (!block.cidr) return [requiredError(`${path}.cidr`)];
  const errors = invalidErrors(`${path}.cidr`, block.cidr, cidr(block.cidr));
  const outer = parseNetwork(block.cidr);
  if (!outer) return errors;
  for (const [index, except] of (block.except ?? []).entries()) {
    const at = `${path}.except[${index}]`;
    const wrong = invalidErrors(at, except, cidr(except));
    errors.push(...wrong);
    const inner = parseNetwork(except);
    if (inner && !isStrictSubset(inner, outer))
      errors.push(invalidError(at, except, 'must be a strict subset of `cidr`'));
  }
  return errors;
}

/** Ranges that are not written in their one way. */
export function warnOfRanges({ spec }: NetworkPolicy): string[] {
  const blocks = (peers: readonly NetworkPolicyPeer[] | null | undefined, path: string): string[] =>
    (peers ?? []).flatMap(({ ipBlock }, index) => {
      if (!ipBlock) return [];
      const at = `${path}[${index}].ipBlock`;
      return [
        ...canonicalWarning(ipBlock.cidr, `${at}.cidr`),
        ...(ipBlock.except ?? []).flatMap((except, position) => canonicalWarning(except, `${at}.except[${position}]`)),
      ];
    });
  return [
    ...(spec.ingress ?? []).flatMap(({ from }, index) => blocks(from, `spec.ingress[${index}].from`)),
    ...(spec.egress ?? []).flatMap(({ to }, index) => blocks(to, `spec.egress[${index}].to`)),
  ];
}

/** Upstream: httpPathFmt. */

export function validateIngressClass({ spec }: IngressClass): FieldError[] {
  const errors: FieldError[] = [];
  const controller = spec?.controller ?? '';
  if (controller.length > MAX_CONTROLLER) errors.push(tooLongError('spec.controller', MAX_CONTROLLER));
  errors.push(...domainPrefixedPath(controller, 'spec.controller'));
  const parameters = spec?.parameters;
  if (!parameters) return errors;
  const at = 'spec.parameters';
  errors.push(...validateTypedReference(parameters, at));
  const scope = parameters.scope ?? undefined;
  const namespace = parameters.namespace ?? undefined;
  if (scope === undefined) return [...errors, requiredError(`${at}.scope`)];
  if (!PARAMETER_SCOPES.includes(scope)) errors.push(notSupportedError(`${at}.scope`, scope, PARAMETER_SCOPES));
  else if (scope === 'Namespace') {
    if (namespace === undefined)
      errors.push(requiredError(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'"));
    else errors.push(...invalidErrors(`${at}.namespace`, namespace, dns1123Label(namespace)));
  } else if (namespace !== undefined)
    errors.push(forbiddenError(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  return errors;
}

export function validateIngressClassUpdate(object: IngressClass, old: IngressClass): FieldError[] {
  const [controller, before] = [object.spec?.controller ?? '', old.spec?.controller ?? ''];
  return [
    ...(controller === before ? [] : [invalidError('spec.controller', controller, 'field is immutable')]),
    ...validateIngressClass(object),
  ];
}
