/** Cluster addresses and their families. Upstream: core/validation ValidateServiceClusterIPsRelatedFields. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  duplicateError,
  invalidError,
  invalidErrors,
  ipAddress,
  isIPv6,
  notSupportedError,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type { Service } from '../../../generated/types/core-v1.ts';

const FAMILIES = ['IPv4', 'IPv6'];
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const AT = 'spec.clusterIPs';

export const isHeadless = ({ spec }: Service): boolean =>
  spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';

export function validateClusterIPs({ spec }: Service): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const errors: FieldError[] = [];
  const list = spec.clusterIPs ?? [];
  if (spec.clusterIP) {
    if (list.length === 0) errors.push(requiredError(AT));
    else if (list[0] !== spec.clusterIP) errors.push(invalidError(AT, list, 'first value must match `clusterIP`'));
  } else if (list.length > 0) errors.push(invalidError(AT, list, 'must be empty when `clusterIP` is not specified'));
  errors.push(...validateFamilies(spec.ipFamilies ?? []));
  if (spec.ipFamilyPolicy !== undefined && !POLICIES.includes(spec.ipFamilyPolicy))
    errors.push(notSupportedError('spec.ipFamilyPolicy', spec.ipFamilyPolicy, POLICIES));
  const wrong = validateAddresses(list);
  errors.push(...wrong);
  if (list.length > 2) errors.push(invalidError(AT, list, 'may only hold up to 2 values'));
  if (wrong.length > 0) return errors;
  if (list.length > 1 && new Set(list.map((ip) => isIPv6(ip))).size < 2)
    errors.push(invalidError(AT, list, 'may specify no more than one IP for each IP family'));
  if (list.length === 1 && list[0] === 'None') return errors;
  for (const [index, ip] of list.entries()) {
    const family = spec.ipFamilies?.[index];
    if (family === undefined) break;
    const isWrong = (family === 'IPv4' && isIPv6(ip)) || (family === 'IPv6' && !isIPv6(ip));
    const why = `expected an ${family} value as indicated by \`ipFamilies[${index}]\``;
    if (isWrong) errors.push(invalidError(`${AT}[${index}]`, ip, why));
  }
  return errors;
}

function validateFamilies(families: readonly string[]): FieldError[] {
  const seen = new Set<string>();
  return families.flatMap((family, index) => {
    const at = `spec.ipFamilies[${index}]`;
    const errors: FieldError[] = [];
    if (!FAMILIES.includes(family)) errors.push(notSupportedError(at, family, FAMILIES));
    if (seen.has(family)) errors.push(duplicateError(at, family));
    seen.add(family);
    return errors;
  });
}

function validateAddresses(list: readonly string[]): FieldError[] {
  return list.flatMap((ip, index) => {
    if (index === 0 && ip === 'None')
      return list.length > 1 ? [invalidError(AT, list, "'None' must be the first and only value")] : [];
    return invalidErrors(`${AT}[${index}]`, ip, ipAddress(ip));
  });
}

/** The first address and family stay; the second may come, and go with the policy. */
export function validateClusterIPsUpdate(service: Service, old: Service): FieldError[] {
  if (service.spec.type === 'ExternalName' || old.spec.type === 'ExternalName') return [];
  const [headless, wasHeadless] = [isHeadless(service), isHeadless(old)];
  const errors = headless && wasHeadless ? [] : validateChange(service, old, 'clusterIPs');
  if (headless || wasHeadless) return errors;
  return [...errors, ...validateChange(service, old, 'ipFamilies')];
}

function validateChange({ spec }: Service, old: Service, field: 'clusterIPs' | 'ipFamilies'): FieldError[] {
  const [now, before] = [spec[field] ?? [], old.spec[field] ?? []];
  const one = field === 'clusterIPs' ? 'clusterIP' : 'ipFamily';
  const refuse = (index: number, why: string): FieldError => invalidError(`spec.${field}[${index}]`, now, why);
  if (now.length === before.length) {
    return before.flatMap((value, index) =>
      value === now[index] ? [] : [refuse(field === 'clusterIPs' ? index : 0, 'may not change once set')],
    );
  }
  const errors: FieldError[] = [];
  if (now.length < before.length && (spec.clusterIPs ?? []).length === 0)
    errors.push(refuse(0, `primary ${one} can not be unset`));
  if (now.length > 0 && before.length > 0 && now[0] !== before[0]) errors.push(refuse(0, 'may not change once set'));
  if (now.length < before.length && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    const why = `must be set to 'SingleStack' when releasing the secondary ${one}`;
    errors.push(invalidError('spec.ipFamilyPolicy', spec.ipFamilyPolicy ?? null, why));
  }
  return errors;
}
