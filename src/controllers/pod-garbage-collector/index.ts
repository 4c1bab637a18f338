export { createPodGarbageCollector } from './controller.ts';
export { planFinished, planOrphaned } from './plan.ts';
