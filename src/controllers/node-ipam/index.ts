export { nodeIpamController } from './controller.ts';
