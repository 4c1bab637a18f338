export { createPodGarbageCollector } from './controller.ts';
export { isOutOfService, planFinished, planOrphaned, planTerminating } from './plan.ts';
