/** Rules of endpoint slices. Upstream: pkg/apis/discovery/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  canonicalIP,
  dns1123Label,
  dns1123Subdomain,
  duplicateError,
  invalidError,
  invalidErrors,
  ipAddress,
  isIPv4,
  isIPv6,
  labelValue,
  notSupportedError,
  qualifiedName,
  requiredError,
  tooManyError,
  validateLabels,
} from '../../../machinery/validation/index.ts';
import { hasLeadingZeros, validateReachableIP } from '../../endpoint-address.ts';
import { equalJson } from '../../equal-json.ts';
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '../../generated/types/discovery-v1.ts';

const TYPES = ['FQDN', 'IPv4', 'IPv6'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_ENDPOINTS = 1000;
const MAX_HINTS = 8;
const MAX_TOPOLOGY = 16;
const ONE_SEGMENT = 'should be a domain with at least two segments separated by dots';

/** Stored endpoints that an update leaves alone are taken as they are. */
export function validateEndpointSlice(
  { addressType, endpoints, ports }: EndpointSlice,
  old?: EndpointSlice,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!addressType) errors.push(requiredError('addressType'));
  else if (!TYPES.includes(addressType)) errors.push(notSupportedError('addressType', addressType, TYPES));
  errors.push(...validatePorts(ports ?? []));
  const wrong = validateEndpoints(endpoints ?? [], addressType);
  if (wrong.length === 0 || (old && equalJson(endpoints ?? [], old.endpoints ?? []))) return errors;
  return [...errors, ...wrong];
}

function validatePorts(ports: readonly EndpointPort[]): FieldError[] {
  if (ports.length > MAX_PORTS) return [tooManyError('ports', ports.length, MAX_PORTS)];
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol, appProtocol }, index) => {
    const at = `ports[${index}]`;
    const errors = name === '' ? [] : invalidErrors(`${at}.name`, name, dns1123Label(name));
    if (names.has(name)) errors.push(duplicateError(`${at}.name`, name));
    names.add(name);
    if (protocol === undefined) errors.push(requiredError(`${at}.protocol`));
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupportedError(`${at}.protocol`, protocol, PROTOCOLS));
    if (appProtocol !== undefined)
      errors.push(...invalidErrors(`${at}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
    return errors;
  });
}

const validateEndpoints = (endpoints: readonly Endpoint[], type: string): FieldError[] =>
  endpoints.length > MAX_ENDPOINTS
    ? [tooManyError('endpoints', endpoints.length, MAX_ENDPOINTS)]
    : endpoints.flatMap((endpoint, index) => validateEndpoint(endpoint, `endpoints[${index}]`, type));

function validateEndpoint(endpoint: Endpoint, path: string, type: string): FieldError[] {
  const { addresses, hostname, nodeName, hints, deprecatedTopology } = endpoint;
  const errors: FieldError[] = [];
  const at = `${path}.addresses`;
  if (!addresses?.length) errors.push(requiredError(at, 'must contain at least 1 address'));
  else if (addresses.length > MAX_ADDRESSES) errors.push(tooManyError(at, addresses.length, MAX_ADDRESSES));
  for (const [index, address] of (addresses ?? []).entries())
    errors.push(...validateAddress(address, `${at}[${index}]`, type));
  if (nodeName !== undefined) errors.push(...invalidErrors(`${path}.nodeName`, nodeName, dns1123Subdomain(nodeName)));
  if (deprecatedTopology) {
    const size = Object.keys(deprecatedTopology).length;
    if (size > MAX_TOPOLOGY) errors.push(tooManyError(`${path}.deprecatedTopology`, size, MAX_TOPOLOGY));
    errors.push(...validateLabels(deprecatedTopology, `${path}.deprecatedTopology`));
  }
  if (hostname !== undefined) errors.push(...invalidErrors(`${path}.hostname`, hostname, dns1123Label(hostname)));
  return hints ? [...errors, ...validateHints(hints, `${path}.hints`)] : errors;
}

function validateHints({ forZones, forNodes }: EndpointHints, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, list, rule] of [
    ['forZones', forZones ?? [], labelValue],
    ['forNodes', forNodes ?? [], dns1123Subdomain],
  ] as const) {
    const at = `${path}.${field}`;
    if (list.length > MAX_HINTS) return [...errors, tooManyError(at, list.length, MAX_HINTS)];
    const seen = new Set<string>();
    for (const [index, { name = '' }] of list.entries()) {
      if (seen.has(name)) errors.push(duplicateError(`${at}[${index}].name`, name));
      seen.add(name);
      errors.push(...invalidErrors(`${at}[${index}].name`, name, rule(name)));
    }
  }
  return errors;
}

/** Addresses of a type that is not known have no rules. */
function validateAddress(address: string, path: string, type: string): FieldError[] {
  if (type === 'FQDN') return validateDomainName(address, path);
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  if (type === 'IPv4' && hasLeadingZeros(address)) return [invalidError(path, address, 'must not have leading 0s')];
  const texts = ipAddress(address);
  if (texts.length > 0) return invalidErrors(path, address, texts);
  const canonical = canonicalIP(address);
  if (type === 'IPv6' && canonical !== address)
    return [invalidError(path, address, `must be in canonical form (${JSON.stringify(canonical)})`)];
  const list = path.replace(/\[\d+\]$/, '');
  const fits = type === 'IPv4' ? isIPv4(address) : isIPv6(address);
  return [
    ...(fits ? [] : [invalidError(list, address, `must be an ${type} address`)]),
    ...validateReachableIP(address, path),
  ];
}

/** A dot may end it. Upstream: IsFullyQualifiedDomainName. */
function validateDomainName(name: string, path: string): FieldError[] {
  if (name === '') return [requiredError(path)];
  const domain = name.endsWith('.') ? name.slice(0, -1) : name;
  const texts = dns1123Subdomain(domain);
  if (texts.length > 0) return [invalidError(path, domain, texts.join(','))];
  const labels = domain.split('.');
  if (labels.length < 2) return [invalidError(path, domain, ONE_SEGMENT)];
  const wrong = labels.find((label) => dns1123Label(label).length > 0);
  return wrong === undefined ? [] : [invalidError(path, wrong, dns1123Label(wrong).join(','))];
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): FieldError[] {
  const errors = validateEndpointSlice(slice, old);
  if (slice.addressType !== old.addressType)
    errors.push(invalidError('addressType', slice.addressType, 'field is immutable'));
  return errors;
}
