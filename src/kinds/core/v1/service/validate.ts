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
  notSupportedError,
  portName,
  portNumber,
  qualifiedName,
  requiredError,
  validateLabels,
} from '../../../../machinery/validation/index.ts';
import { hasLeadingZeros, validateReachableIP } from '../../../endpoint-address.ts';
import type { Service, ServicePort } from '../../../generated/types/core-v1.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const FAMILIES = ['IPv4', 'IPv6'];
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const TRAFFIC = ['Cluster', 'Local'];
const MAX_CLIENT_IP_SECONDS = 86400;

export function validateService(service: Service): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  const headless = spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None';
  if (!spec.ports?.length && !headless && spec.type !== 'ExternalName') errors.push(requiredError('spec.ports'));
  if (spec.type === 'ExternalName') errors.push(...validateExternalName(service));
  errors.push(...validatePorts(spec.ports ?? [], spec.type ?? ''));
  if (spec.selector) errors.push(...validateLabels(spec.selector, 'spec.selector'));
  errors.push(...validateAffinity(service));
  if (!TYPES.includes(spec.type ?? '')) errors.push(notSupportedError('spec.type', spec.type, TYPES));
  if (spec.type !== 'ExternalName') errors.push(...validateClusterIPs(service));
  for (const [index, ip] of (spec.externalIPs ?? []).entries())
    errors.push(...validateExternalIP(ip, `spec.externalIPs[${index}]`));
  return [...errors, ...validateBalancing(service)];
}

function validateExternalName({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) {
    if (spec[field]?.length) errors.push(forbiddenError(`spec.${field}`, 'may not be set for ExternalName services'));
  }
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') errors.push(requiredError('spec.externalName'));
  else errors.push(...invalidErrors('spec.externalName', name, dns1123Subdomain(name)));
  return errors;
}

function validatePorts(ports: readonly ServicePort[], type: string): FieldError[] {
  const names = new Set<string>();
  const seen = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `spec.ports[${index}]`;
    const errors: FieldError[] = [];
    if (!port.name) {
      if (ports.length > 1) errors.push(requiredError(`${at}.name`));
    } else {
      errors.push(...invalidErrors(`${at}.name`, port.name, dns1123Label(port.name)));
      if (names.has(port.name)) errors.push(duplicateError(`${at}.name`, port.name));
      names.add(port.name);
    }
    errors.push(...invalidErrors(`${at}.port`, port.port, portNumber(port.port)));
    if (!port.protocol) errors.push(requiredError(`${at}.protocol`));
    else if (!PROTOCOLS.includes(port.protocol))
      errors.push(notSupportedError(`${at}.protocol`, port.protocol, PROTOCOLS));
    errors.push(...validateTarget(port, at));
    if (port.appProtocol)
      errors.push(...invalidErrors(`${at}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol)));
    if (port.nodePort && (type === 'ClusterIP' || type === 'ExternalName')) {
      errors.push(forbiddenError(`${at}.nodePort`, `may not be used when \`type\` is '${type}'`));
    }
    const shown = { Name: '', Protocol: port.protocol, AppProtocol: null, Port: port.port, TargetPort: 0, NodePort: 0 };
    const key = `${port.protocol}/${port.port}`;
    if (seen.has(key)) errors.push(duplicateError(at, shown));
    seen.add(key);
    return errors;
  });
}

function validateTarget({ targetPort = 0 }: ServicePort, path: string): FieldError[] {
  const at = `${path}.targetPort`;
  return typeof targetPort === 'string'
    ? invalidErrors(at, targetPort, portName(targetPort))
    : invalidErrors(at, targetPort, portNumber(targetPort));
}

function validateAffinity({ spec }: Service): FieldError[] {
  if (!spec.sessionAffinity) return [requiredError('spec.sessionAffinity')];
  if (spec.sessionAffinity !== 'ClientIP' && spec.sessionAffinity !== 'None') {
    return [notSupportedError('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None'])];
  }
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec.sessionAffinity === 'None') {
    return spec.sessionAffinityConfig
      ? [
          forbiddenError(
            'spec.sessionAffinityConfig',
            `must not be set when session affinity is ${spec.sessionAffinity}`,
          ),
        ]
      : [];
  }
  const field = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
  if (seconds === undefined) return [requiredError(field, 'when session affinity is ClientIP')];
  return seconds > 0 && seconds <= MAX_CLIENT_IP_SECONDS
    ? []
    : [invalidError(field, seconds, `must be greater than 0 and less than ${MAX_CLIENT_IP_SECONDS}`)];
}

function validateClusterIPs({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const list = spec.clusterIPs ?? [];
  if (list.length > 0 && !spec.clusterIP)
    errors.push(invalidError('spec.clusterIPs', list, 'must be empty when `clusterIP` is not specified'));
  else if (list.length > 0 && spec.clusterIP !== list[0])
    errors.push(invalidError('spec.clusterIPs', list, 'first value must match `clusterIP`'));
  if (list.length > 1 && list.includes('None'))
    errors.push(invalidError('spec.clusterIPs', list, "'None' must be the first and only value"));
  else
    for (const [index, ip] of list.entries())
      if (ip !== 'None') errors.push(...invalidErrors(`spec.clusterIPs[${index}]`, ip, ipAddress(ip)));
  const seen = new Set<string>();
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    if (!FAMILIES.includes(family)) errors.push(notSupportedError(`spec.ipFamilies[${index}]`, family, FAMILIES));
    if (seen.has(family)) errors.push(duplicateError(`spec.ipFamilies[${index}]`, family));
    seen.add(family);
  }
  if (spec.ipFamilyPolicy !== undefined && !FAMILY_POLICIES.includes(spec.ipFamilyPolicy)) {
    errors.push(notSupportedError('spec.ipFamilyPolicy', spec.ipFamilyPolicy, FAMILY_POLICIES));
  }
  return errors;
}

function validateExternalIP(ip: string, path: string): FieldError[] {
  if (hasLeadingZeros(ip)) return [invalidError(path, ip, 'must not have leading 0s')];
  const texts = ipAddress(ip);
  return texts.length > 0 ? invalidErrors(path, ip, texts) : validateReachableIP(ip, path);
}

function validateBalancing({ spec, metadata }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const external =
    spec.type === 'LoadBalancer' ||
    spec.type === 'NodePort' ||
    (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
  if (spec.externalTrafficPolicy !== undefined) {
    if (!external)
      errors.push(
        invalidError(
          'spec.externalTrafficPolicy',
          spec.externalTrafficPolicy,
          'may only be set for externally-accessible services',
        ),
      );
    else if (!TRAFFIC.includes(spec.externalTrafficPolicy))
      errors.push(notSupportedError('spec.externalTrafficPolicy', spec.externalTrafficPolicy, TRAFFIC));
  } else if (external) errors.push(requiredError('spec.externalTrafficPolicy'));
  if (spec.internalTrafficPolicy !== undefined && !TRAFFIC.includes(spec.internalTrafficPolicy)) {
    errors.push(notSupportedError('spec.internalTrafficPolicy', spec.internalTrafficPolicy, TRAFFIC));
  }
  if (spec.trafficDistribution !== undefined && !DISTRIBUTIONS.includes(spec.trafficDistribution)) {
    errors.push(notSupportedError('spec.trafficDistribution', spec.trafficDistribution, DISTRIBUTIONS));
  }
  const annotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';
  const text = metadata.annotations?.[annotation];
  const path = spec.loadBalancerSourceRanges?.length
    ? 'spec.loadBalancerSourceRanges'
    : `metadata.annotations[${annotation}]`;
  const ranges = spec.loadBalancerSourceRanges?.length
    ? spec.loadBalancerSourceRanges
    : text?.trim()
      ? text.split(',').map((range) => range.trim())
      : [];
  if (ranges.length > 0 && spec.type !== 'LoadBalancer')
    errors.push(forbiddenError(path, "may only be used when `type` is 'LoadBalancer'"));
  else for (const range of ranges) errors.push(...invalidErrors(path, range, cidr(range)));
  if (spec.type !== 'LoadBalancer') {
    for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass'] as const) {
      if (spec[field] !== undefined)
        errors.push(forbiddenError(`spec.${field}`, "may only be used when `type` is 'LoadBalancer'"));
    }
  }
  return errors;
}

export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const errors = validateService(service);
  const isKept = (type: string | undefined): boolean => type !== 'ExternalName';
  if (
    isKept(service.spec.type) &&
    isKept(old.spec.type) &&
    old.spec.clusterIP &&
    service.spec.clusterIP !== old.spec.clusterIP
  ) {
    errors.push(invalidError('spec.clusterIPs[0]', service.spec.clusterIPs ?? [], 'may not change once set'));
  }
  return errors;
}
