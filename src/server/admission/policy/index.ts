export { isExempt } from './exempt.ts';
export { mutateByPolicies } from './mutating-dispatch.ts';
export { validateByPolicies } from './validating-dispatch.ts';
