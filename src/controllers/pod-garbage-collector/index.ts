export { createPodGarbageCollector } from './controller.ts';
export { planFinished } from './plan.ts';
