export { defaultPlugins } from './plugins/index.ts';
export { Scheduler, type SchedulerChange, type SchedulerOptions } from './scheduler.ts';
