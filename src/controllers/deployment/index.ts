export { createDeploymentController } from './controller.ts';
export { type DeploymentInput, type DeploymentPlan, planDeployment } from './plan.ts';
