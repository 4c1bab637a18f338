export { nodeIpamController } from './controller.ts';
export { planPodCidr } from './plan.ts';
