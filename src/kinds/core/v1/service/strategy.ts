import type { Strategy } from '../../../../machinery/kind.ts';
import { StatusError } from '../../../../machinery/status.ts';
import { canonicalWarning } from '../../../../machinery/validation/index.ts';
import { equalJson } from '../../../equal-json.ts';
import type { Service } from '../../../generated/types/core-v1.ts';
import { needsClusterIP, refuseForeignAddress, setFamilies } from './ip-families.ts';
import { validateService, validateServiceStatus, validateServiceUpdate } from './validate.ts';
import { serviceWarnings } from './warnings.ts';

/** Upstream: registry/core/service svcStrategy and the normalisation of cluster IPs in its storage. */
export const serviceStrategy: Strategy<Service> = {
  prepareForCreate(service, context) {
    normalizeClusterIPs(service);
    setFamilies(service);
    refuseForeignAddress(service, undefined, context);
  },
  prepareForUpdate(service, old, context) {
    patchAllocatedValues(service, old);
    normalizeClusterIPs(service, old);
    setFamilies(service, old);
    refuseForeignAddress(service, old, context);
    refuseSharedNodePorts(service);
    dropTypeDependentFields(service, old);
  },
  validateCreate: validateService,
  validateUpdate: validateServiceUpdate,
  warningsOnCreate: serviceWarnings,
  warningsOnUpdate: serviceWarnings,
  // The field has no meaning for such a Service and is not shown.
  canonicalize({ spec }) {
    if (!needsClusterIP({ spec } as Service)) delete spec.internalTrafficPolicy;
  },
};

/** Upstream: registry/core/service serviceStatusStrategy. */
export const serviceStatusStrategy: Strategy<Service> = {
  validateUpdate: validateServiceStatus,
  warningsOnUpdate: ({ status }) =>
    (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) =>
      ip ? canonicalWarning(ip, `status.loadBalancer.ingress[${index}]`) : [],
    ),
};

/** `clusterIP` is the first of `clusterIPs`; a client that knows only one of them changes both. */
function normalizeClusterIPs({ spec }: Service, old?: Service): void {
  const sole = spec.clusterIP;
  if (old === undefined) {
    if (sole && !spec.clusterIPs?.length) spec.clusterIPs = [sole];
    return;
  }
  const before = old.spec.clusterIP;
  const same = JSON.stringify(spec.clusterIPs ?? []) === JSON.stringify(old.spec.clusterIPs ?? []);
  if (old.spec.clusterIPs?.length && !spec.clusterIPs?.length && before === sole)
    spec.clusterIPs = [...old.spec.clusterIPs];
  if (before === sole || !same) return;
  if (before && !sole) delete spec.clusterIPs;
  else if (sole) spec.clusterIPs = [sole];
}

const needsNodePort = ({ spec }: Service): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
const mayHaveNodePort = ({ spec }: Service): boolean => spec.type === 'NodePort' || spec.type === 'LoadBalancer';
const nodePortsOf = ({ spec }: Service): number[] => (spec.ports ?? []).flatMap(({ nodePort }) => nodePort || []);
const needsHealthCheckPort = ({ spec }: Service): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

/** Upstream: pkg/api/service ExternallyAccessible. */
const isExternal = (service: Service): boolean =>
  mayHaveNodePort(service) || (service.spec.type === 'ClusterIP' && (service.spec.externalIPs?.length ?? 0) > 0);

/** What was allocated stays when an update leaves it out, so that a replace works. Upstream: patchAllocatedValues. */
function patchAllocatedValues(service: Service, old: Service): void {
  const { spec } = service;
  if (needsClusterIP(old) && needsClusterIP(service)) {
    if (!spec.clusterIP && old.spec.clusterIP) spec.clusterIP = old.spec.clusterIP;
    if (!spec.clusterIPs?.length && old.spec.clusterIPs?.length) spec.clusterIPs = [...old.spec.clusterIPs];
  }
  if (needsNodePort(old) && needsNodePort(service)) {
    const before = new Map((old.spec.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]));
    const used = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) {
      const nodePort = before.get(port.name ?? '');
      if (!port.nodePort && nodePort && !used.has(nodePort)) port.nodePort = nodePort;
    }
  }
  if (
    needsHealthCheckPort(old) &&
    needsHealthCheckPort(service) &&
    !spec.healthCheckNodePort &&
    old.spec.healthCheckNodePort
  ) {
    spec.healthCheckNodePort = old.spec.healthCheckNodePort;
  }
}

/** Ports of updates are allocated before anything is validated. Upstream: storage/alloc.go updateNodePorts. */
function refuseSharedNodePorts({ spec }: Service): void {
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return;
  const used = new Set<string>();
  for (const { protocol, nodePort } of spec.ports ?? []) {
    if (!nodePort) continue;
    const key = `{${protocol} ${nodePort}}`;
    if (used.has(key)) throw new StatusError(500, '', `duplicate nodePort: ${key}`);
    used.add(key);
  }
}

/** Fields that lost their meaning with a change of type go when the client did not touch them. Upstream: dropTypeDependentFields. */
function dropTypeDependentFields(service: Service, old: Service): void {
  const { spec } = service;
  if (needsClusterIP(old) && !needsClusterIP(service)) dropAddresses(spec, old.spec);
  const before = new Set(nodePortsOf(old));
  if (mayHaveNodePort(old) && !mayHaveNodePort(service) && nodePortsOf(service).every((port) => before.has(port)))
    for (const port of spec.ports ?? []) delete port.nodePort;
  if (
    needsHealthCheckPort(old) &&
    !needsHealthCheckPort(service) &&
    spec.healthCheckNodePort === old.spec.healthCheckNodePort
  ) {
    delete spec.healthCheckNodePort;
  }
  const balanced = spec.type === 'LoadBalancer';
  if (!balanced && old.spec.type === 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === old.spec.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === old.spec.loadBalancerClass) delete spec.loadBalancerClass;
  }
  const same = spec.externalTrafficPolicy === old.spec.externalTrafficPolicy;
  if (isExternal(old) && !isExternal(service) && same) delete spec.externalTrafficPolicy;
  if (!balanced) service.status = { ...service.status, loadBalancer: {} };
}

function dropAddresses(spec: Service['spec'], old: Service['spec']): void {
  if (spec.clusterIP === old.clusterIP && equalJson(spec.clusterIPs ?? [], old.clusterIPs ?? [])) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
  }
  if (equalJson(spec.ipFamilies ?? [], old.ipFamilies ?? [])) delete spec.ipFamilies;
  if (spec.ipFamilyPolicy === old.ipFamilyPolicy) delete spec.ipFamilyPolicy;
}
