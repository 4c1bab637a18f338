/** Rules of ingresses. Upstream: pkg/apis/networking/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  canonicalWarning,
  dns1123Label,
  dns1123Subdomain,
  invalidError,
  invalidErrors,
  ipAddress,
  isIP,
  notSupportedError,
  portName,
  portNumber,
  requiredError,
  wildcardSubdomain,
} from '../../../machinery/validation/index.ts';
import type { HTTPIngressPath, Ingress, IngressBackend } from '../../generated/types/networking-v1.ts';
import { validateTypedReference } from './typed-reference.ts';

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const CLASS = 'kubernetes.io/ingress.class';
const BAD_IN_PATH = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_AT_END = ['/..', '/.'];

export function validateIngress(ingress: Ingress): FieldError[] {
  const { spec } = ingress;
  const errors: FieldError[] = [];
  if (!spec.rules?.length && !spec.defaultBackend)
    errors.push(invalidError('spec', null, 'either `defaultBackend` or `rules` must be specified'));
  if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'));
  for (const [index, { host, http }] of (spec.rules ?? []).entries()) {
    const at = `spec.rules[${index}]`;
    if (host) errors.push(...validateHost(host, `${at}.host`));
    if (!http) continue;
    if (!http.paths?.length) errors.push(requiredError(`${at}.http.paths`));
    for (const [position, path] of (http.paths ?? []).entries())
      errors.push(...validatePath(path, `${at}.http.paths[${position}]`));
  }
  for (const [index, { hosts, secretName }] of (spec.tls ?? []).entries()) {
    const at = `spec.tls[${index}]`;
    for (const [position, host] of (hosts ?? []).entries()) {
      errors.push(
        ...invalidErrors(
          `${at}.hosts[${position}]`,
          host,
          host.includes('*') ? wildcardSubdomain(host) : dns1123Subdomain(host),
        ),
      );
    }
    if (secretName) errors.push(...invalidErrors(`${at}.secretName`, secretName, dns1123Subdomain(secretName)));
  }
  if (spec.ingressClassName !== undefined)
    errors.push(
      ...invalidErrors('spec.ingressClassName', spec.ingressClassName, dns1123Subdomain(spec.ingressClassName)),
    );
  return errors;
}

/** The annotation is older than the field and may not contradict it. */
export function validateIngressCreate(ingress: Ingress): FieldError[] {
  const errors = validateIngress(ingress);
  const annotated = ingress.metadata.annotations?.[CLASS];
  const named = ingress.spec.ingressClassName;
  if (annotated !== undefined && named !== undefined && annotated !== named) {
    errors.push(
      invalidError(`annotations.${CLASS}`, annotated, 'must match `ingressClassName` when both are specified'),
    );
  }
  return errors;
}

export const warnOfClassAnnotation = ({ metadata, spec }: Ingress): string[] =>
  metadata.annotations?.[CLASS] === undefined || spec.ingressClassName !== undefined
    ? []
    : [`annotation "${CLASS}" is deprecated, please use 'spec.ingressClassName' instead`];

/** Upstream: core/validation ValidateLoadBalancerStatus, for ingresses. */
export function validateIngressStatus({ status }: Ingress): FieldError[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }, index) => {
    const at = `status.loadBalancer.ingress[${index}]`;
    return [
      ...(ip ? invalidErrors(`${at}.ip`, ip, ipAddress(ip)) : []),
      ...(hostname ? validateAddressHost(hostname, `${at}.hostname`) : []),
    ];
  });
}

const validateAddressHost = (host: string, path: string): FieldError[] => [
  ...invalidErrors(path, host, dns1123Subdomain(host)),
  ...(isIP(host) ? [invalidError(path, host, 'must be a DNS name, not an IP address')] : []),
];

export const warnOfAddresses = ({ status }: Ingress): string[] =>
  (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, index) =>
    ip ? canonicalWarning(ip, `status.loadBalancer.ingress[${index}].ip`) : [],
  );

function validateHost(host: string, path: string): FieldError[] {
  return [
    ...(isIP(host) ? [invalidError(path, host, 'must be a DNS name, not an IP address')] : []),
    ...invalidErrors(path, host, host.includes('*') ? wildcardSubdomain(host) : dns1123Subdomain(host)),
  ];
}

function validatePath({ path = '', pathType, backend }: HTTPIngressPath, at: string): FieldError[] {
  const errors: FieldError[] = [];
  // The normal form of a type that is missing is null.
  if (pathType === undefined || (pathType as string | null) === null)
    return [requiredError(`${at}.pathType`, 'pathType must be specified')];
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!path.startsWith('/')) errors.push(invalidError(`${at}.path`, path, 'must be an absolute path'));
    for (const part of BAD_IN_PATH)
      if (path.includes(part)) errors.push(invalidError(`${at}.path`, path, `must not contain '${part}'`));
    for (const part of BAD_AT_END)
      if (path.endsWith(part)) errors.push(invalidError(`${at}.path`, path, `cannot end with '${part}'`));
  } else if (pathType === 'ImplementationSpecific') {
    if (path !== '' && !path.startsWith('/')) errors.push(invalidError(`${at}.path`, path, 'must be an absolute path'));
  } else errors.push(notSupportedError(`${at}.pathType`, pathType, PATH_TYPES));
  return [...errors, ...validateBackend(backend, `${at}.backend`)];
}

function validateBackend({ service, resource }: IngressBackend, path: string): FieldError[] {
  if (resource && service) return [invalidError(path, '', 'cannot set both resource and service backends')];
  if (resource) return validateTypedReference(resource, `${path}.resource`);
  if (!service) return [invalidError(path, '', 'resource or service backend is required')];
  const errors: FieldError[] = [];
  if (!service.name) errors.push(requiredError(`${path}.service.name`));
  else errors.push(...invalidErrors(`${path}.service.name`, service.name, dns1123Label(service.name)));
  const { name, number } = service.port ?? {};
  if (name && number) errors.push(invalidError(path, '', 'cannot set both port name & port number'));
  else if (name) errors.push(...invalidErrors(`${path}.service.port.name`, name, portName(name)));
  else if (number) errors.push(...invalidErrors(`${path}.service.port.number`, number, portNumber(number)));
  else errors.push(requiredError(path, 'port name or number is required'));
  return errors;
}
