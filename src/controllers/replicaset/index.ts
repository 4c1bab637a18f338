export { createReplicaSetController, createReplicationController } from './controller.ts';
export { planReplicas, planStatus } from './plan.ts';
