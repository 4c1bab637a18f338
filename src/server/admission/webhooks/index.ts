export { buildHookSet, type HookSet } from './hook-set.ts';
export { mutateByWebhooks } from './mutating.ts';
export { isExempt } from './should-call.ts';
export { validateByWebhooks } from './validating.ts';
