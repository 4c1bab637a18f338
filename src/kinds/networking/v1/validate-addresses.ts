/** Rules of IP addresses and of the ranges they come from. Upstream: pkg/apis/networking/validation. */
import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import type { FieldError } from '../../../machinery/status.ts';
import {
  canonicalIP,
  cidr,
  dns1123Subdomain,
  invalidError,
  invalidErrors,
  ipAddress,
  parseNetwork,
  pathSegment,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { IPAddress, ParentReference, ServiceCIDR } from '../../generated/types/networking-v1.ts';
import { internalForm } from '../../internal-form.ts';

const IMMUTABLE = 'field is immutable';
const RANGES = 'spec.cidrs';
const MAX_RANGES = 2;

/** The rules of a text, and that it is written in its one way. */
function canonicalFaults(text: string, rule: (text: string) => string[]): string[] {
  const texts = rule(text);
  const canonical = canonicalIP(text);
  return texts.length > 0 || canonical === text ? texts : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

export function validateIPAddress({ metadata, spec }: IPAddress): FieldError[] {
  return [
    ...validateName('metadata.generateName', metadata.generateName),
    ...validateName('metadata.name', metadata.name),
    ...validateParent(spec?.parentRef, 'spec.parentRef'),
  ];
}

const validateName = (path: string, name: string | undefined): FieldError[] =>
  name ? invalidErrors(path, name, canonicalFaults(name, ipAddress)) : [];

function validateParent(parent: ParentReference | undefined, path: string): FieldError[] {
  if (!parent) return [requiredError(path)];
  const errors = parent.group ? invalidErrors(`${path}.group`, parent.group, dns1123Subdomain(parent.group)) : [];
  for (const field of ['resource', 'name', 'namespace'] as const) {
    const value = parent[field];
    if (value) errors.push(...invalidErrors(`${path}.${field}`, value, pathSegment(value)));
    else if (field !== 'namespace') errors.push(requiredError(`${path}.${field}`));
  }
  return errors;
}

export function validateIPAddressUpdate(address: IPAddress, old: IPAddress): FieldError[] {
  const errors = validateIPAddress(address);
  const parent = address.spec?.parentRef ?? null;
  if (equalJson(parent, old.spec?.parentRef ?? null)) return errors;
  const shown = parent && internalForm('networking.k8s.io/v1.ParentReference', parent);
  return [...errors, invalidError('spec.parentRef', shown, IMMUTABLE)];
}

export function validateServiceCIDR({ spec }: ServiceCIDR): FieldError[] {
  const ranges = spec?.cidrs ?? [];
  if (ranges.length === 0) return [requiredError(RANGES, 'at least one CIDR required')];
  if (ranges.length > MAX_RANGES) {
    const shown = internalForm('networking.k8s.io/v1.ServiceCIDRSpec', spec);
    return [invalidError(RANGES, shown, `may only hold up to ${MAX_RANGES} values`)];
  }
  const errors = ranges.flatMap((range, index) =>
    invalidErrors(`${RANGES}[${index}]`, range, canonicalFaults(range, cidr)),
  );
  const families = new Set(ranges.map((range) => parseNetwork(range)?.family));
  if (ranges.length === MAX_RANGES && families.size === 1 && !families.has(undefined)) {
    const why = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
    errors.push(invalidError(RANGES, ranges, why));
  }
  return errors;
}

/** Ranges stay; one of the other family may join the only one. */
export function validateServiceCIDRUpdate(object: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const [ranges, before] = [object.spec?.cidrs ?? [], old.spec?.cidrs ?? []];
  if (equalJson(ranges, before)) return [];
  const joins = before.length === 1 && ranges.length === MAX_RANGES;
  if (!joins && ranges.length !== before.length)
    return [invalidError(RANGES, object.spec?.cidrs ?? sentEmpty(object.spec ?? {}, 'cidrs'), IMMUTABLE)];
  const errors = before.flatMap((range, index) =>
    ranges[index] === range ? [] : [invalidError(`${RANGES}[${index}]`, ranges[index], IMMUTABLE)],
  );
  return joins ? [...errors, ...validateServiceCIDR(object)] : errors;
}
