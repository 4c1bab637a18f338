import type { Node } from '../../kinds/index.ts';

const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';
/** A zone with more nodes than this is emptied slowly when it is badly hurt; a smaller one not at all. */
const LARGE_ZONE = 50;
const UNHEALTHY_SHARE = 0.55;
/** Nodes per second. Upstream: --node-eviction-rate, --secondary-node-eviction-rate. */
const RATE = 0.1;
const SLOW_RATE = 0.01;

export function zoneOf({ metadata }: Node): string {
  return `${metadata.labels?.[REGION] ?? ''}/${metadata.labels?.[ZONE] ?? ''}`;
}

/**
 * Nodes per second that pods may be driven off in the zone of `node`; undefined when no node anywhere is well: then
 * the fault is likely here and not there, and everybody is left alone. Upstream: ComputeZoneState, handleDisruption.
 */
export function evictionRate(node: Node, all: readonly Node[], isWell: (node: Node) => boolean): number | undefined {
  if (!all.some(isWell)) return undefined;
  const inZone = all.filter((other) => zoneOf(other) === zoneOf(node));
  const sick = inZone.filter((other) => !isWell(other)).length;
  if (sick === inZone.length) return RATE;
  if (sick <= 2 || sick / inZone.length < UNHEALTHY_SHARE) return RATE;
  return inZone.length > LARGE_ZONE ? SLOW_RATE : 0;
}
