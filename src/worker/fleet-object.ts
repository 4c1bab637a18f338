import { DurableObject } from 'cloudflare:workers';
import { drizzle } from 'drizzle-orm/durable-sqlite';
import { migrate } from '../storage/migrations.ts';
import { openDurableSql } from './durable-sql.ts';
import type { Env } from './env.ts';
import { type ClusterRecord, createFleet, type DeletedCluster, type Fleet } from './fleet.ts';
import { FLEET_MIGRATIONS } from './fleet-migrations.ts';

/** The fleet where no D1 is bound: one object, with the same tables and queries. */
export class FleetObject extends DurableObject<Env> implements Fleet {
  readonly #fleet: Fleet;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    migrate(openDurableSql(ctx.storage), FLEET_MIGRATIONS);
    this.#fleet = createFleet(drizzle(ctx.storage));
  }

  byName(name: string): Promise<ClusterRecord | null> {
    return this.#fleet.byName(name);
  }

  byHostname(hostnames: string[]): Promise<ClusterRecord | null> {
    return this.#fleet.byHostname(hostnames);
  }

  list(page: { after?: string; limit: number }): Promise<ClusterRecord[]> {
    return this.#fleet.list(page);
  }

  takeTurn(limit: number): Promise<ClusterRecord[]> {
    return this.#fleet.takeTurn(limit);
  }

  insert(cluster: ClusterRecord): Promise<'inserted' | 'NameTaken' | 'HostnameTaken'> {
    return this.#fleet.insert(cluster);
  }

  remove(name: string, at: number): Promise<ClusterRecord | null> {
    return this.#fleet.remove(name, at);
  }

  deleted(limit: number): Promise<DeletedCluster[]> {
    return this.#fleet.deleted(limit);
  }

  isDeleted(id: string): Promise<boolean> {
    return this.#fleet.isDeleted(id);
  }

  forget(id: string): Promise<void> {
    return this.#fleet.forget(id);
  }
}
