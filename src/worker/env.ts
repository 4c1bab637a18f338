/** Bindings of the Worker; wrangler.toml declares the same. */
import type { AuditRpc, ConsumerRpc, ControllersRpc, FleetRpc, NodeTunnelRpc, StorageRpc } from './rpc.ts';

export interface Env {
  /** Named `CLUSTER/SHARD`. */
  STORAGE: DurableObjectNamespace<StorageRpc>;
  /** Named `CLUSTER`. */
  CONTROLLERS: DurableObjectNamespace<ControllersRpc>;
  /** Named `CLUSTER`. */
  SCHEDULER: DurableObjectNamespace<ConsumerRpc>;
  /** Named `CLUSTER/NODE`. */
  NODE_TUNNEL: DurableObjectNamespace<NodeTunnelRpc>;
  /** Keeps audit events. Named `CLUSTER`. Unbound: nothing is audited. */
  AUDIT?: DurableObjectNamespace<AuditRpc>;
  /** Where audit events are put too. */
  AUDIT_BUCKET?: R2Bucket;
  /** Clusters besides the default one. */
  FLEET?: D1Database;
  /** The same where there is no D1, as in the emulator. One object, named `fleet`. */
  FLEET_OBJECT?: DurableObjectNamespace<FleetRpc>;
  /** SHA-256 (hex) of the administrator's bearer token. */
  KEDGE_ADMIN_TOKEN_HASH?: string;
  /** Set to `true` where no controllers, scheduler or nodes run. */
  KEDGE_API_ONLY?: string;
  /** Address or host name at which the edge ingress listens, for the status of Ingresses; unset: at the hosts they name. */
  KEDGE_EDGE_ADDRESS?: string;
  /**
   * Host names of the API server, with commas between; `*` is every one. Requests for others are ingress. Unset: the API
   * is at the platform's own names (workers.dev), at its paths.
   */
  KEDGE_API_HOSTS?: string;
  /** Dials for the control plane where it runs beside it, as `kedge up` does; unset: nodes do. Decision 11. */
  KEDGE_DIALER?: Fetcher;
  /** Addresses that webhook and API service URLs may lead to besides public ones: `loopback`, `private`, or both. */
  KEDGE_OUTBOUND_OPEN?: string;
  /** Seconds of watch history kept (COMPACT-1); at least 300 unless set for tests. */
  KEDGE_COMPACTION_INTERVAL?: string;
  /** Set to `true` where one process runs the Worker and all objects, and nothing else opens their storage. */
  KEDGE_ONE_PROCESS?: string;
}
