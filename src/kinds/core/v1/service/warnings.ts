import { cidr, ipAddress, isIPv6 } from '../../../../machinery/validation/index.ts';
import type { Service } from '../../../generated/types/core-v1.ts';

const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';

/** Upstream: pkg/api/service GetWarningsForService. */
export function serviceWarnings({ spec, metadata }: Service): string[] {
  const warnings: string[] = [];
  const annotations = metadata.annotations ?? {};
  if (annotations[HINTS] !== undefined)
    warnings.push(`metadata.annotations[${HINTS}]: deprecated in v1.27+; use ${MODE} annotation instead`);
  if ((spec.externalIPs?.length ?? 0) > 0)
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (spec.clusterIP === 'None') {
    if (spec.loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if ((spec.externalIPs?.length ?? 0) > 0) warnings.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== undefined && spec.sessionAffinity !== 'None')
      warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  for (const [index, ip] of (spec.clusterIPs ?? []).entries())
    if (ip !== 'None') warnings.push(...formWarnings(ip, `spec.clusterIPs[${index}]`));
  for (const [index, ip] of (spec.externalIPs ?? []).entries())
    warnings.push(...formWarnings(ip, `spec.externalIPs[${index}]`));
  if (spec.loadBalancerIP) warnings.push(...formWarnings(spec.loadBalancerIP, 'spec.loadBalancerIP'));
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    if (cidr(range.trim()).length === 0 && range.includes(':') && /[A-F]/.test(range))
      warnings.push(...nonCanonical(range.trim(), `spec.loadBalancerSourceRanges[${index}]`));
  return warnings;
}

/** IPv6 has many ways to write an address; the server asks for one. */
function formWarnings(ip: string, path: string): string[] {
  if (!isIPv6(ip) || ipAddress(ip).length > 0) return [];
  return nonCanonical(ip, path);
}

function nonCanonical(text: string, path: string): string[] {
  const [address = '', bits] = text.split('/');
  const host = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const canonical = bits === undefined ? host : `${host}/${bits}`;
  return canonical === text
    ? []
    : [`${path}: IPv6 address "${text}" should be in RFC 5952 canonical format ("${canonical}")`];
}
