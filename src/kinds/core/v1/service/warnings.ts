import { cidr, ipAddress, isIPv6 } from '../../../../machinery/validation/index.ts';
import type { Service } from '../../../generated/types/core-v1.ts';

const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';

/** Upstream: pkg/api/service GetWarningsForService. */
export function serviceWarnings({ spec, metadata }: Service): string[] {
  const warnings: string[] = [];
  if (metadata.annotations?.[HINTS] !== undefined)
    warnings.push(`annotation ${HINTS} is deprecated, please use ${MODE} instead`);
  const { type, externalIPs = [], loadBalancerIP, clusterIPs = [] } = spec;
  const isHeadless = type === 'ClusterIP' && spec.clusterIP === 'None';
  for (const [index, ip] of clusterIPs.entries())
    if (ip !== 'None') warnings.push(...formWarnings(ip, `spec.clusterIPs[${index}]`));
  if (isHeadless) {
    if (loadBalancerIP) warnings.push('spec.loadBalancerIP is ignored for headless services');
    if (externalIPs.length > 0) warnings.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  for (const [index, ip] of externalIPs.entries()) warnings.push(...formWarnings(ip, `spec.externalIPs[${index}]`));
  if (externalIPs.length > 0 && !isHeadless && type !== 'ExternalName')
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (loadBalancerIP) warnings.push(...formWarnings(loadBalancerIP, 'spec.loadBalancerIP'));
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    if (cidr(range.trim()).length === 0 && range.includes(':') && /[A-F]/.test(range))
      warnings.push(...nonCanonical(range.trim(), `spec.loadBalancerSourceRanges[${index}]`));
  if (type === 'ExternalName' && externalIPs.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (type !== 'ExternalName' && spec.externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (spec.trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
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
