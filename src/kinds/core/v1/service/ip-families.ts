/**
 * IP families and the address that a client asks for, in a cluster that has IPv4 only. What is wrong with them is told
 * before anything else is looked at. Upstream: registry/core/service/storage/alloc.go initIPFamilyFields, allocClusterIPs.
 */
import type { StrategyContext } from '../../../../machinery/kind.ts';
import { type FieldError, invalid } from '../../../../machinery/status.ts';
import { invalidError, isIPv6, parseNetwork } from '../../../../machinery/validation/index.ts';
import type { Service } from '../../../generated/types/core-v1.ts';
import { validateClusterIPs } from './validate-cluster-ips.ts';

type Spec = Service['spec'];

const FAMILY = 'IPv4';
const OTHER_FAMILY = 'IPv6';
const POLICY = 'spec.ipFamilyPolicy';

export const needsClusterIP = ({ spec }: Service): boolean => spec.type !== 'ExternalName';
export const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === 'None';

const refuse = ({ metadata }: Service, errors: FieldError[]): void => {
  if (errors.length > 0) throw invalid({ group: '', kind: 'Service' }, metadata.name ?? '', errors);
};

/** Fills ipFamilies and ipFamilyPolicy. Throws 422 for addresses and families that do not fit or that the cluster lacks. */
export function setFamilies(service: Service, old?: Service): void {
  const { spec } = service;
  if (!needsClusterIP(service) || (old && isUnchanged(service, old))) return;
  const isOpen = isHeadless(service) && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= old?.spec.ipFamilyPolicy ?? (isOpen ? 'RequireDualStack' : 'SingleStack');
  refuse(service, validateClusterIPs(service));
  const reduced = old ? reduceFamilies(spec, old.spec) : [];
  refuse(service, [...reduced, ...policyErrors(spec), ...inferFamilies(spec)]);
  const families = [...(spec.ipFamilies ?? [])];
  if (!isOpen) refuse(service, clusterErrors(spec.ipFamilyPolicy, families));
  if (families.length === 0) families.push(FAMILY);
  if (isOpen && families.length === 1 && spec.ipFamilyPolicy !== 'SingleStack')
    families.push(families[0] === FAMILY ? OTHER_FAMILY : FAMILY);
  spec.ipFamilies = families;
}

const same = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);

/** A Service that takes what it gets keeps what it has. Upstream: isMatchingPreferDualStackClusterIPFields. */
function isUnchanged({ spec }: Service, { spec: old }: Service): boolean {
  return (
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    (old.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack' &&
    spec.type === old.type &&
    same(spec.clusterIPs, old.clusterIPs) &&
    same(spec.ipFamilies, old.ipFamilies)
  );
}

/** One stack takes the first of each list that the client left alone; any other policy gives nothing up. */
function reduceFamilies(spec: Spec, old: Spec): FieldError[] {
  const { clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  if (ipFamilyPolicy === 'SingleStack') {
    if (same(clusterIPs, old.clusterIPs) && clusterIPs.length > 1) spec.clusterIPs = clusterIPs.slice(0, 1);
    if (same(ipFamilies, old.ipFamilies) && ipFamilies.length > 1) spec.ipFamilies = ipFamilies.slice(0, 1);
    return [];
  }
  const fewer = (now: readonly string[], before: readonly string[] = []): boolean =>
    now.length > 0 && now.length < before.length;
  const keep = (what: string): FieldError =>
    invalidError(POLICY, ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`);
  return [
    ...(fewer(clusterIPs, old.clusterIPs) ? [keep('cluster IP')] : []),
    ...(fewer(ipFamilies, old.ipFamilies) ? [keep('IP family')] : []),
  ];
}

function policyErrors({ ipFamilyPolicy, clusterIPs, ipFamilies }: Spec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return [];
  const several = (what: string): FieldError => {
    const why = `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
    return invalidError(POLICY, ipFamilyPolicy, why);
  };
  return [
    ...(clusterIPs?.length === 2 ? [several('cluster IPs')] : []),
    ...(ipFamilies?.length === 2 ? [several('IP families')] : []),
  ];
}

/** The family of an address need not be named. */
function inferFamilies(spec: Spec): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === 'None') break;
    if (index < (spec.ipFamilies?.length ?? 0)) continue;
    if (isIPv6(ip)) {
      const why = `${OTHER_FAMILY} is not configured on this cluster`;
      errors.push(invalidError(`spec.clusterIPs[${index}]`, spec.clusterIPs, why));
    } else spec.ipFamilies = [...(spec.ipFamilies ?? []), FAMILY];
  }
  return errors;
}

function clusterErrors(policy: string, families: readonly string[]): FieldError[] {
  const why = 'this cluster is not configured for dual-stack services';
  return [
    ...(policy === 'RequireDualStack' ? [invalidError(POLICY, policy, why)] : []),
    ...families.flatMap((family, index) =>
      family === FAMILY ? [] : [invalidError(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')],
    ),
  ];
}

/** Refuses an address that a client asks for outside the range of the cluster. A dry run asks the range itself. */
export function refuseForeignAddress(
  service: Service,
  old: Service | undefined,
  { config, dryRun }: Pick<StrategyContext, 'config' | 'dryRun'>,
): void {
  const { clusterIPs = [] } = service.spec;
  const [ip] = clusterIPs;
  if (!needsClusterIP(service) || !ip || ip === 'None' || (old && needsClusterIP(old))) return;
  if (holds(config.serviceCIDR, ip)) return;
  const why = dryRun
    ? `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${config.serviceCIDR}`
    : 'the provided network does not match the current range';
  refuse(service, [invalidError('spec.clusterIPs', clusterIPs, `failed to allocate IP ${ip}: ${why}`)]);
}

/** Whether an address is one of the range, but neither its first nor its last. */
function holds(range: string, ip: string): boolean {
  const [network, address] = [parseNetwork(range), parseNetwork(`${ip}/32`)];
  if (!network || address?.family !== network.family) return false;
  const size = 1n << BigInt(32 - network.bits);
  const offset = address.value - (network.value / size) * size;
  return offset > 0n && offset < size - 1n;
}
