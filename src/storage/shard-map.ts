/** Which shard of a cluster holds a resource. Nothing may assume that two resources share one. */

/** Resource to shard name; what is not named is in `main`. */
export type ShardMap = Readonly<Record<string, string>>;

/** A new cluster: events and leases are short-lived and many, so they stay away from everything else. */
export const DEFAULT_SHARD_MAP: ShardMap = {
  events: 'events',
  'events.events.k8s.io': 'events',
  'leases.coordination.k8s.io': 'leases',
};

/** Every shard of a cluster. */
export const shardNames = (map: ShardMap): string[] => [...new Set(['main', ...Object.values(map)])];

/** The shard that holds a resource. */
export function shardNameOf(map: ShardMap, resource: string): string {
  return Object.hasOwn(map, resource) ? map[resource]! : 'main';
}
