export { isExempt } from './exempt.ts';
export { mutateByPolicies } from './mutating-dispatch.ts';
export { paramKindOf } from './params.ts';
export { validateByPolicies } from './validating-dispatch.ts';
