/** Rules of endpoint slices. Upstream: pkg/apis/discovery/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  duplicateError,
  invalidError,
  invalidErrors,
  ipAddress,
  isIPv4,
  isIPv6,
  notSupportedError,
  qualifiedName,
  requiredError,
  tooManyError,
} from '../../../machinery/validation/index.ts';
import { hasLeadingZeros, validateReachableIP } from '../../endpoint-address.ts';
import type { Endpoint, EndpointSlice } from '../../generated/types/discovery-v1.ts';

const TYPES = ['FQDN', 'IPv4', 'IPv6'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_ENDPOINTS = 1000;
const MAX_ZONE_HINTS = 8;

export function validateEndpointSlice({ addressType, endpoints, ports }: EndpointSlice): FieldError[] {
  const errors: FieldError[] = [];
  if (!addressType) errors.push(requiredError('addressType'));
  else if (!TYPES.includes(addressType)) errors.push(notSupportedError('addressType', addressType, TYPES));
  if ((endpoints?.length ?? 0) > MAX_ENDPOINTS)
    return [...errors, tooManyError('endpoints', endpoints?.length ?? 0, MAX_ENDPOINTS)];
  for (const [index, endpoint] of (endpoints ?? []).entries())
    errors.push(...validateEndpoint(endpoint, `endpoints[${index}]`, addressType));
  if ((ports?.length ?? 0) > MAX_PORTS) return [...errors, tooManyError('ports', ports?.length ?? 0, MAX_PORTS)];
  const names = new Set<string>();
  for (const [index, { name = '', protocol, appProtocol }] of (ports ?? []).entries()) {
    const at = `ports[${index}]`;
    if (name !== '') errors.push(...invalidErrors(`${at}.name`, name, dns1123Label(name)));
    if (names.has(name)) errors.push(duplicateError(`${at}.name`, name));
    names.add(name);
    if (!protocol) errors.push(requiredError(`${at}.protocol`));
    else if (!PROTOCOLS.includes(protocol)) errors.push(notSupportedError(`${at}.protocol`, protocol, PROTOCOLS));
    if (appProtocol !== undefined)
      errors.push(...invalidErrors(`${at}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
  }
  return errors;
}

function validateEndpoint(
  { addresses, hostname, nodeName, hints }: Endpoint,
  path: string,
  type: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const at = `${path}.addresses`;
  if (!addresses?.length) errors.push(requiredError(at, 'must contain at least 1 address'));
  else if (addresses.length > MAX_ADDRESSES) errors.push(tooManyError(at, addresses.length, MAX_ADDRESSES));
  for (const [index, address] of (addresses ?? []).entries())
    errors.push(...validateAddress(address, `${at}[${index}]`, type));
  if (nodeName !== undefined) errors.push(...invalidErrors(`${path}.nodeName`, nodeName, dns1123Subdomain(nodeName)));
  if (hostname !== undefined) errors.push(...invalidErrors(`${path}.hostname`, hostname, dns1123Label(hostname)));
  const zones = hints?.forZones ?? [];
  if (zones.length > MAX_ZONE_HINTS)
    return [...errors, tooManyError(`${path}.hints.forZones`, zones.length, MAX_ZONE_HINTS)];
  const seen = new Set<string>();
  for (const [index, { name }] of zones.entries()) {
    if (seen.has(name)) errors.push(duplicateError(`${path}.hints.forZones[${index}].name`, name));
    seen.add(name);
  }
  return errors;
}

function validateAddress(address: string, path: string, type: string): FieldError[] {
  if (type === 'FQDN') return invalidErrors(path, address, dns1123Subdomain(address));
  if (hasLeadingZeros(address)) return [invalidError(path, address, 'must not have leading 0s')];
  const texts = ipAddress(address);
  if (texts.length > 0) return invalidErrors(path, address, texts);
  const errors: FieldError[] = [];
  const list = path.replace(/\[\d+\]$/, '');
  if (type === 'IPv4' && !isIPv4(address)) errors.push(invalidError(list, address, 'must be an IPv4 address'));
  if (type === 'IPv6' && !isIPv6(address)) errors.push(invalidError(list, address, 'must be an IPv6 address'));
  return [...errors, ...validateReachableIP(address, path)];
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): FieldError[] {
  const errors = validateEndpointSlice(slice);
  if (slice.addressType !== old.addressType)
    errors.push(invalidError('addressType', slice.addressType, 'field is immutable'));
  return errors;
}
