export { createJobController } from './controller.ts';
export { formatIndexSet, parseIndexSet } from './index-set.ts';
