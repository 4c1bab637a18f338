/** Which cluster a name or a host name means, as of at most half a minute ago. */
import type { Clock } from '../base/clock.ts';
import type { ClusterRecord, Fleet } from './fleet.ts';
import { DEFAULT_CLUSTER } from './settings.ts';

/** Opens the fleet, for the look-ups that need it; undefined where there is none. */
export type FleetSource = () => Fleet | undefined;

export interface ClusterDirectory {
  /** Id of the cluster, or undefined. The default cluster needs no look-up. */
  byName(fleet: FleetSource, name: string): Promise<string | undefined>;
  /** Id of the cluster whose API is at this host name. */
  byHostname(fleet: FleetSource, host: string): Promise<string | undefined>;
  /** Id of the cluster to whose host name this one is subordinate: its Ingresses may have it. */
  byParent(fleet: FleetSource, host: string): Promise<string | undefined>;
  /** Forgets everything: the fleet has changed. */
  clear(): void;
}

const KNOWN_FOR_MS = 30_000;
/** Absence is believed for less long: somebody may be waiting for the cluster that was just made. */
const ABSENT_FOR_MS = 1_000;
const MAX_ENTRIES = 5_000;

interface Entry {
  id: string | undefined;
  until: number;
}

/** Keeps results and never promises: a promise of another request dies with that request. */
export function createClusterDirectory(clock: Clock): ClusterDirectory {
  const entries = new Map<string, Entry>();
  const lookUp = async (
    key: string,
    source: FleetSource,
    read: (fleet: Fleet) => Promise<ClusterRecord | null>,
  ): Promise<string | undefined> => {
    const now = clock.now();
    const known = entries.get(key);
    if (known && known.until > now) return known.id;
    const fleet = source();
    const id = fleet && (await read(fleet))?.id;
    if (entries.size >= MAX_ENTRIES) entries.clear();
    entries.set(key, { id, until: now + (id === undefined ? ABSENT_FOR_MS : KNOWN_FOR_MS) });
    return id;
  };
  return {
    async byName(fleet, name) {
      if (name === DEFAULT_CLUSTER) return DEFAULT_CLUSTER;
      return lookUp(`name/${name}`, fleet, (opened) => opened.byName(name));
    },
    async byHostname(fleet, host) {
      return lookUp(`host/${host}`, fleet, (opened) => opened.byHostname([host]));
    },
    async byParent(fleet, host) {
      const parents = parentsOf(host);
      if (parents.length === 0) return undefined;
      return lookUp(`parent/${host}`, fleet, (opened) => opened.byHostname(parents));
    },
    clear: () => entries.clear(),
  };
}

/** `b.c.d` and `c.d` for `a.b.c.d`; a name in a top-level domain has none that could be anybody's. */
function parentsOf(host: string): string[] {
  const labels = host.split('.').slice(0, 32);
  return labels.slice(1, -1).map((_, i) => labels.slice(i + 1).join('.'));
}
