export { createNodeLifecycleController, tunnelKey } from './controller.ts';
