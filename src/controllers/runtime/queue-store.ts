/** Work that must survive: delayed work, and work whose change was acknowledged before it was done. */
export interface WorkRow {
  controller: string;
  key: string;
  /** Milliseconds since the epoch; in the past when the work was being done. */
  due: number;
  /** Failures in a row so far. */
  attempts: number;
}

/** Where a host keeps its rows. Synchronous, as the SQLite of a Durable Object is. */
export interface QueueStore {
  get(controller: string, key: string): WorkRow | undefined;
  /** Replaces a row of the same controller and key. */
  put(row: WorkRow): void;
  delete(controller: string, key: string): void;
  /** Rows with `due` at or before `now`, earliest first. */
  due(now: number, limit: number): WorkRow[];
  /** The earliest `due` after `now`. */
  nextAfter(now: number): number | undefined;
  /** The version of a controller for which this cluster was resynced; 0 when it never was. */
  resynced(controller: string): number;
  setResynced(controller: string, version: number): void;
}

/** A QueueStore in memory, for tests and hosts that need not survive. */
export function createMemoryQueueStore(): QueueStore & { readonly rows: ReadonlyMap<string, WorkRow>; writes: number } {
  const rows = new Map<string, WorkRow>();
  const versions = new Map<string, number>();
  const id = (controller: string, key: string) => `${controller}\n${key}`;
  return {
    rows,
    writes: 0,
    get: (controller, key) => rows.get(id(controller, key)),
    put(row) {
      this.writes++;
      rows.set(id(row.controller, row.key), { ...row });
    },
    delete(controller, key) {
      if (rows.delete(id(controller, key))) this.writes++;
    },
    due: (now, limit) =>
      [...rows.values()]
        .filter((row) => row.due <= now)
        .sort((a, b) => a.due - b.due)
        .slice(0, limit),
    nextAfter(now) {
      const later = [...rows.values()].map((row) => row.due).filter((due) => due > now);
      return later.length === 0 ? undefined : Math.min(...later);
    },
    resynced: (controller) => versions.get(controller) ?? 0,
    setResynced: (controller, version) => void versions.set(controller, version),
  };
}
