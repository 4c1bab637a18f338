import { deploymentController } from './deployment/index.ts';
import { createReplicaSetController } from './replicaset/index.ts';
import type { Controller } from './runtime/define-controller.ts';

/** All controllers of a cluster, new ones for each host: some remember what they have seen. */
export function createControllers(): Controller[] {
  return [deploymentController, createReplicaSetController()];
}

export type { Change } from './runtime/change.ts';
export type { ControllerSettings, Dependent, ServedKind } from './runtime/define-controller.ts';
export { type ControllerHost, type ControllerHostOptions, createControllerHost } from './runtime/host.ts';
export { migrateQueue } from './runtime/migrations.ts';
export { createMemoryQueueStore, type QueueStore } from './runtime/queue-store.ts';
export { createSqliteQueueStore, type QueueDatabase } from './runtime/sqlite-queue-store.ts';
