/** Bindings of the Worker; wrangler.toml declares the same. */
import type { ControllersObject } from './controllers-object.ts';
import type { NodeTunnelObject } from './node-tunnel-object.ts';
import type { SchedulerObject } from './scheduler-object.ts';
import type { StorageObject } from './storage-object.ts';

export interface Env {
  /** Named `CLUSTER/SHARD`. */
  STORAGE: DurableObjectNamespace<StorageObject>;
  /** Named `CLUSTER`. */
  CONTROLLERS: DurableObjectNamespace<ControllersObject>;
  /** Named `CLUSTER`. */
  SCHEDULER: DurableObjectNamespace<SchedulerObject>;
  /** Named `CLUSTER/NODE`. */
  NODE_TUNNEL: DurableObjectNamespace<NodeTunnelObject>;
  FLEET: D1Database;
  /** SHA-256 (hex) of the administrator's bearer token. */
  KEDGE_ADMIN_TOKEN_HASH?: string;
  /** Set to `true` where no controllers, scheduler or nodes run. */
  KEDGE_API_ONLY?: string;
  /** Seconds of watch history kept (COMPACT-1); at least 300 unless set for tests. */
  KEDGE_COMPACTION_INTERVAL?: string;
}
