export { createDeploymentController } from './controller.ts';
export { planDeployment } from './plan.ts';
