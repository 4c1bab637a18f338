/**
 * What the Durable Objects offer one another and the Worker. A deploy can meet an older object for a while, so a
 * method's meaning never changes; a new meaning gets a new name.
 */
import type { AuditPage, AuditQuery } from '../storage/audit-log.ts';
import type { Change, Shard } from '../storage/contract.ts';
import type { Fleet } from './fleet.ts';

/** A shard. Watches come as WebSockets through `fetch`. */
export interface StorageRpc extends Rpc.DurableObjectBranded, Required<Omit<Shard, 'watch'>> {
  /** A value kept beside the objects that no API request can read; null when there is none. */
  secret(name: string): Promise<string | null>;
  /** Keeps `value` unless there is one already; returns the one that is kept. */
  putSecretOnce(name: string, value: string): Promise<string>;
  /** The watchdog: takes deliveries up again that got stuck. */
  poke(): Promise<void>;
  fetch(request: Request): Promise<Response>;
  /** Erases everything, if the fleet says that the cluster was deleted; throws otherwise. */
  erase(): Promise<void>;
}

/** What takes committed changes in: controllers and scheduler. */
export interface ConsumerRpc extends Rpc.DurableObjectBranded {
  /** Changes of a shard in order, at least once. Resolves when they can no longer be lost. */
  deliver(shard: string, changes: Change[]): Promise<void>;
  /** The watchdog: picks up what an alarm or a delivery should have done. */
  poke(): Promise<void>;
  /** Erases everything, if the fleet says that the cluster was deleted; throws otherwise. */
  erase(): Promise<void>;
}

export interface ControllersRpc extends ConsumerRpc {
  /** A node's tunnel has opened or closed. */
  nodeChanged(node: string): Promise<void>;
}

export interface NodeTunnelRpc extends Rpc.DurableObjectBranded {
  /** Milliseconds since the epoch of the agent's last sign of life; null when none is connected. */
  lastSeen(): Promise<number | null>;
  /** Ends all connections, if the fleet says that the cluster was deleted; throws otherwise. */
  erase(): Promise<void>;
  fetch(request: Request): Promise<Response>;
}

export interface AuditRpc extends Rpc.DurableObjectBranded {
  /** Keeps events, each a JSON text without line breaks; resolves to the number of older ones that were dropped unread. */
  append(events: string[]): Promise<number>;
  read(query: AuditQuery): Promise<AuditPage>;
  /** Erases everything, if the fleet says that the cluster was deleted; throws otherwise. */
  erase(): Promise<void>;
}

/** The fleet where no D1 is bound. */
export interface FleetRpc extends Rpc.DurableObjectBranded, Fleet {}
