/** Rules of endpoints. Upstream: core/validation ValidateEndpoints. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  invalidErrors,
  ipAddress,
  notSupportedError,
  portNumber,
  qualifiedName,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { validateReachableIP } from '../../endpoint-address.ts';
import type { EndpointAddress, Endpoints } from '../../generated/types/core-v1.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export function validateEndpoints({ subsets = [] }: Endpoints): FieldError[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }, index) => {
    const at = `subsets[${index}]`;
    const errors: FieldError[] = [];
    if (addresses.length + notReadyAddresses.length === 0)
      errors.push(requiredError(at, 'must specify `addresses` or `notReadyAddresses`'));
    for (const [position, address] of addresses.entries())
      errors.push(...validateAddress(address, `${at}.addresses[${position}]`));
    for (const [position, address] of notReadyAddresses.entries())
      errors.push(...validateAddress(address, `${at}.notReadyAddresses[${position}]`));
    for (const [position, { name, port, protocol, appProtocol }] of ports.entries()) {
      const field = `${at}.ports[${position}]`;
      if (name) errors.push(...invalidErrors(`${field}.name`, name, dns1123Label(name)));
      else if (ports.length > 1) errors.push(requiredError(`${field}.name`));
      errors.push(...invalidErrors(`${field}.port`, port, portNumber(port)));
      if (!protocol) errors.push(requiredError(`${field}.protocol`));
      else if (!PROTOCOLS.includes(protocol)) errors.push(notSupportedError(`${field}.protocol`, protocol, PROTOCOLS));
      if (appProtocol !== undefined)
        errors.push(...invalidErrors(`${field}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
    }
    return errors;
  });
}

function validateAddress({ ip, hostname, nodeName }: EndpointAddress, path: string): FieldError[] {
  const at = `${path}.ip`;
  const errors = invalidErrors(at, ip, ipAddress(ip));
  if (hostname) errors.push(...invalidErrors(`${path}.hostname`, hostname, dns1123Label(hostname)));
  if (nodeName !== undefined) errors.push(...invalidErrors(`${path}.nodeName`, nodeName, dns1123Subdomain(nodeName)));
  return [...errors, ...validateReachableIP(ip, at)];
}
