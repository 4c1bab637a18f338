export { createReplicaSetController } from './controller.ts';
export { planReplicas, planStatus } from './plan.ts';
