/** Rules of services. Upstream: core/validation ValidateService. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  cidr,
  dns1123Label,
  dns1123Subdomain,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  ipAddress,
  isIP,
  notSupportedError,
  portName,
  portNumber,
  qualifiedName,
  requiredError,
  validateLabels,
} from '../../../../machinery/validation/index.ts';
import { validateReachableIP } from '../../../endpoint-address.ts';
import type { Service, ServicePort } from '../../../generated/types/core-v1.ts';
import { isHeadless, validateClusterIPs, validateClusterIPsUpdate } from './validate-cluster-ips.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const AFFINITIES = ['ClientIP', 'None'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const TRAFFIC = ['Cluster', 'Local'];
const IP_MODES = ['Proxy', 'VIP'];
const MAX_CLIENT_IP_SECONDS = 86400;
const ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'";
const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';
const RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';

export function validateService(service: Service): FieldError[] {
  const { spec, metadata } = service;
  const errors: FieldError[] = [];
  const { [HINTS]: hints, [MODE]: mode } = metadata.annotations ?? {};
  if (hints !== undefined && mode !== undefined && hints !== mode)
    errors.push(
      invalidError(`metadata.annotations[${MODE}]`, mode, `must match annotations[${HINTS}] when both are specified`),
    );
  if (!spec.ports?.length && !isHeadless(service) && spec.type !== 'ExternalName')
    errors.push(requiredError('spec.ports'));
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(service))
    errors.push(invalidError('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`));
  if (spec.type === 'ExternalName') errors.push(...validateExternalName(service));
  const names = new Set<string>();
  for (const [index, port] of (spec.ports ?? []).entries())
    errors.push(...validatePort(port, `spec.ports[${index}]`, { names, single: spec.ports?.length === 1 }));
  if (spec.selector) errors.push(...validateLabels(spec.selector, 'spec.selector'));
  errors.push(...validateAffinity(service), ...validateClusterIPs(service));
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
    const at = `spec.externalIPs[${index}]`;
    const texts = ipAddress(ip);
    errors.push(...(texts.length > 0 ? invalidErrors(at, ip, texts) : validateReachableIP(ip, at)));
  }
  errors.push(...oneOf(spec.type, TYPES, 'spec.type'), ...validatePortPairs(spec.ports ?? [], spec.type));
  errors.push(...validateSourceRanges(service));
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer')
    errors.push(forbiddenError('spec.allocateLoadBalancerNodePorts', ONLY_BALANCED));
  if (spec.allocateLoadBalancerNodePorts === undefined && spec.type === 'LoadBalancer')
    errors.push(requiredError('allocateLoadBalancerNodePorts'));
  errors.push(...validateBalancerClass(service), ...validateTraffic(service));
  if (spec.trafficDistribution !== undefined && !DISTRIBUTIONS.includes(spec.trafficDistribution))
    errors.push(notSupportedError('spec.trafficDistribution', spec.trafficDistribution, DISTRIBUTIONS));
  return errors;
}

function oneOf(value: string | undefined, allowed: readonly string[], path: string): FieldError[] {
  if (!value) return [requiredError(path)];
  return allowed.includes(value) ? [] : [notSupportedError(path, value, allowed)];
}

function validateExternalName({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (field: string): void =>
    void errors.push(forbiddenError(`spec.${field}`, 'may not be set for ExternalName services'));
  if (spec.clusterIPs?.length) refuse('clusterIPs');
  if (spec.ipFamilies?.length) refuse('ipFamilies');
  if (spec.ipFamilyPolicy !== undefined) refuse('ipFamilyPolicy');
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') errors.push(requiredError('spec.externalName'));
  else errors.push(...invalidErrors('spec.externalName', name, dns1123Subdomain(name)));
  return errors;
}

/** `single`: the port is the only one, and needs no name. */
function validatePort(
  port: ServicePort,
  path: string,
  { names, single }: { names: Set<string>; single: boolean },
): FieldError[] {
  const errors: FieldError[] = [];
  const { name, targetPort = 0, appProtocol } = port;
  if (name) {
    errors.push(...invalidErrors(`${path}.name`, name, dns1123Label(name)));
    if (names.has(name)) errors.push(duplicateError(`${path}.name`, name));
    names.add(name);
  } else if (!single) errors.push(requiredError(`${path}.name`));
  errors.push(...invalidErrors(`${path}.port`, port.port, portNumber(port.port)));
  errors.push(...oneOf(port.protocol, PROTOCOLS, `${path}.protocol`));
  const texts = typeof targetPort === 'string' ? portName(targetPort) : portNumber(targetPort);
  errors.push(...invalidErrors(`${path}.targetPort`, targetPort, texts));
  if (appProtocol !== undefined)
    errors.push(...invalidErrors(`${path}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
  return errors;
}

/** Ports beside each other; that node ports differ is seen to where they are allocated. */
function validatePortPairs(ports: readonly ServicePort[], type: string | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (type === 'ClusterIP') {
    for (const [index, { nodePort }] of ports.entries()) {
      if (nodePort)
        errors.push(forbiddenError(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
  }
  // A node port of two service ports is refused when it is allocated, before this.
  const used = new Set<string>();
  for (const [index, { nodePort, protocol, port }] of ports.entries()) {
    if (!nodePort) continue;
    const key = `${protocol}/${port}/${nodePort}`;
    if (used.has(key)) errors.push(duplicateError(`spec.ports[${index}].nodePort`, nodePort));
    used.add(key);
  }
  const seen = new Set<string>();
  for (const [index, { port, protocol }] of ports.entries()) {
    const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
    const key = `${protocol}/${port}`;
    if (seen.has(key)) errors.push(duplicateError(`spec.ports[${index}]`, shown));
    seen.add(key);
  }
  return errors;
}

function validateAffinity({ spec }: Service): FieldError[] {
  const errors = oneOf(spec.sessionAffinity, AFFINITIES, 'spec.sessionAffinity');
  const at = 'spec.sessionAffinityConfig';
  const config = spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'None' && config)
    return [...errors, forbiddenError(at, 'must not be set when session affinity is None')];
  if (spec.sessionAffinity !== 'ClientIP') return errors;
  const why = 'when session affinity type is ClientIP';
  if (!config) return [...errors, requiredError(at, why)];
  if (!config.clientIP) return [...errors, requiredError(`${at}.clientIP`, why)];
  const seconds = config.clientIP.timeoutSeconds;
  const field = `${at}.clientIP.timeoutSeconds`;
  if (seconds === undefined) return [...errors, requiredError(field, why)];
  return seconds > 0 && seconds <= MAX_CLIENT_IP_SECONDS
    ? errors
    : [...errors, invalidError(field, seconds, `must be greater than 0 and less than ${MAX_CLIENT_IP_SECONDS}`)];
}

/** The field, or the annotation that it was before. */
function validateSourceRanges({ spec, metadata }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (at: string): void => {
    if (spec.type !== 'LoadBalancer') errors.push(forbiddenError(at, ONLY_BALANCED));
  };
  const ranges = spec.loadBalancerSourceRanges ?? [];
  if (ranges.length > 0) {
    const at = 'spec.LoadBalancerSourceRanges';
    refuse(at);
    for (const [index, range] of ranges.entries())
      errors.push(...invalidErrors(`${at}[${index}]`, range.trim(), cidr(range.trim())));
    return errors;
  }
  const text = metadata.annotations?.[RANGES];
  if (text === undefined) return [];
  const at = `metadata.annotations[${RANGES}]`;
  refuse(at);
  if (text.trim() === '') return errors;
  for (const range of text.split(',')) errors.push(...invalidErrors(at, range.trim(), cidr(range.trim())));
  return errors;
}

function validateBalancerClass({ spec }: Service, old?: Service): FieldError[] {
  const at = 'spec.loadBalancerClass';
  const name = spec.loadBalancerClass;
  const errors: FieldError[] = [];
  const both = spec.type === 'LoadBalancer' && old?.spec.type === 'LoadBalancer';
  if (both && name !== old?.spec.loadBalancerClass)
    errors.push(invalidError(at, name ?? null, 'may not change once set'));
  if (name === undefined) return errors;
  if (spec.type !== 'LoadBalancer') return [...errors, forbiddenError(at, ONLY_BALANCED)];
  return [...errors, ...invalidErrors(at, name, qualifiedName(name))];
}

function validateTraffic({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const { type, externalTrafficPolicy: policy, internalTrafficPolicy: inner, healthCheckNodePort: health = 0 } = spec;
  const balanced = type === 'LoadBalancer' || type === 'NodePort';
  const external = balanced || (type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
  const at = 'spec.externalTrafficPolicy';
  if (external) errors.push(...oneOf(policy, TRAFFIC, at));
  else if (policy) errors.push(invalidError(at, policy, 'may only be set for externally-accessible services'));
  const field = 'spec.healthCheckNodePort';
  if (type === 'LoadBalancer' && policy === 'Local') {
    // A port that the client leaves out is allocated when the service is written.
    if (health !== 0) errors.push(...invalidErrors(field, health, portNumber(health)));
  } else if (health !== 0) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalidError(field, health, why));
  }
  if (inner === undefined) {
    if (balanced || type === 'ClusterIP') errors.push(requiredError('spec.internalTrafficPolicy'));
  } else if (!TRAFFIC.includes(inner)) errors.push(notSupportedError('spec.internalTrafficPolicy', inner, TRAFFIC));
  return errors;
}

const needsHealthCheck = ({ spec }: Service): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const errors = [...validateClusterIPsUpdate(service, old), ...validateBalancerClass(service, old)];
  const moved = service.spec.healthCheckNodePort !== old.spec.healthCheckNodePort;
  if (needsHealthCheck(service) && needsHealthCheck(old) && moved)
    errors.push(forbiddenError('spec.healthCheckNodePort', 'field is immutable'));
  return [...errors, ...validateService(service)];
}

/** Upstream: ValidateLoadBalancerStatus. */
export function validateServiceStatus({ spec, status = {} }: Service): FieldError[] {
  const list = status.loadBalancer?.ingress ?? [];
  const path = 'status.loadBalancer.ingress';
  if (list.length > 0 && spec.type !== 'LoadBalancer')
    return [forbiddenError(path, "may only be used when `spec.type` is 'LoadBalancer'")];
  return list.flatMap(({ ip, ipMode, hostname }, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (ip) errors.push(...invalidErrors(`${at}.ip`, ip, ipAddress(ip)));
    if (ipMode === undefined) {
      if (ip) errors.push(requiredError(`${at}.ipMode`, 'must be specified when `ip` is set'));
    } else if (!ip) errors.push(forbiddenError(`${at}.ipMode`, 'may not be specified when `ip` is not set'));
    else if (!IP_MODES.includes(ipMode)) errors.push(notSupportedError(`${at}.ipMode`, ipMode, IP_MODES));
    if (hostname) {
      errors.push(...invalidErrors(`${at}.hostname`, hostname, dns1123Subdomain(hostname)));
      if (isIP(hostname))
        errors.push(invalidError(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address'));
    }
    return errors;
  });
}
