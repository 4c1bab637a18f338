export { clusterRoleAggregationController } from './controller.ts';
export { planAggregation } from './plan.ts';
