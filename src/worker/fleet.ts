/** What is known of clusters besides the default one: the same queries over D1 and over the SQLite of an object. */
import { and, asc, eq, gt, inArray, isNotNull, isNull } from 'drizzle-orm';
import type { BaseSQLiteDatabase } from 'drizzle-orm/sqlite-core';
import { clusters, state } from './fleet-schema.ts';

export interface ClusterRecord {
  /** Names the cluster's objects; never used a second time. */
  id: string;
  name: string;
  /** No controllers, scheduler or nodes run in it. */
  apiOnly: boolean;
  hostname: string | null;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

export interface DeletedCluster {
  id: string;
  /** Milliseconds since the epoch. */
  deletedAt: number;
}

export interface Fleet {
  byName(name: string): Promise<ClusterRecord | null>;
  /** The cluster at one of these host names; of several the one with the longest name. */
  byHostname(hostnames: string[]): Promise<ClusterRecord | null>;
  /** Clusters in the order of their names, after `after`. */
  list(page: { after?: string; limit: number }): Promise<ClusterRecord[]>;
  /** The next clusters after those of the last call, from the start again after the last. */
  takeTurn(limit: number): Promise<ClusterRecord[]>;
  insert(cluster: ClusterRecord): Promise<'inserted' | 'NameTaken' | 'HostnameTaken'>;
  /** Frees the name and remembers the id until `forget`. Null when there is no such cluster. */
  remove(name: string, at: number): Promise<ClusterRecord | null>;
  deleted(limit: number): Promise<DeletedCluster[]>;
  isDeleted(id: string): Promise<boolean>;
  forget(id: string): Promise<void>;
}

/** D1 answers later, the SQLite of an object at once; both can be awaited. */
export type FleetDatabase = BaseSQLiteDatabase<'sync', unknown> | BaseSQLiteDatabase<'async', unknown>;

const COLUMNS = {
  id: clusters.id,
  name: clusters.name,
  apiOnly: clusters.apiOnly,
  hostname: clusters.hostname,
  createdAt: clusters.createdAt,
};

const TURN = 'watchdog';

export function createFleet(database: FleetDatabase): Fleet {
  // The two differ in nothing that is used here, but a union of generic methods cannot be called.
  const db = database as BaseSQLiteDatabase<'async', unknown>;
  const byName = async (name: string): Promise<ClusterRecord | null> => {
    const [row] = await db
      .select(COLUMNS)
      .from(clusters)
      .where(and(eq(clusters.name, name), isNull(clusters.deletedAt)));
    return row ?? null;
  };
  const list = async ({ after = '', limit }: { after?: string; limit: number }): Promise<ClusterRecord[]> =>
    db
      .select(COLUMNS)
      .from(clusters)
      .where(and(gt(clusters.name, after), isNull(clusters.deletedAt)))
      .orderBy(asc(clusters.name))
      .limit(limit);
  return {
    byName,
    async byHostname(hostnames) {
      const rows = await db
        .select(COLUMNS)
        .from(clusters)
        .where(and(inArray(clusters.hostname, hostnames), isNull(clusters.deletedAt)));
      return rows.sort((a, b) => (b.hostname?.length ?? 0) - (a.hostname?.length ?? 0))[0] ?? null;
    },
    list,
    async takeTurn(limit) {
      const [row] = await db.select({ value: state.value }).from(state).where(eq(state.name, TURN));
      const after = row?.value ?? '';
      const found = await list({ after, limit });
      const value = found.length < limit ? '' : (found.at(-1)?.name ?? '');
      if (value !== after) {
        await db.insert(state).values({ name: TURN, value }).onConflictDoUpdate({ target: state.name, set: { value } });
      }
      return found;
    },
    async insert(cluster) {
      const made = await db.insert(clusters).values(cluster).onConflictDoNothing().returning({ id: clusters.id });
      if (made.length > 0) return 'inserted';
      return (await byName(cluster.name)) ? 'NameTaken' : 'HostnameTaken';
    },
    async remove(name, at) {
      const [row] = await db
        .update(clusters)
        .set({ deletedAt: at })
        .where(and(eq(clusters.name, name), isNull(clusters.deletedAt)))
        .returning(COLUMNS);
      return row ?? null;
    },
    async deleted(limit) {
      const rows = await db
        .select({ id: clusters.id, deletedAt: clusters.deletedAt })
        .from(clusters)
        .where(isNotNull(clusters.deletedAt))
        .limit(limit);
      return rows as DeletedCluster[];
    },
    async isDeleted(id) {
      const [row] = await db.select({ deletedAt: clusters.deletedAt }).from(clusters).where(eq(clusters.id, id));
      return row !== undefined && row.deletedAt !== null;
    },
    async forget(id) {
      await db.delete(clusters).where(and(eq(clusters.id, id), isNotNull(clusters.deletedAt)));
    },
  };
}
