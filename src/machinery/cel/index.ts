export type * from './contract.ts';
export { CEL_MATCH_CONDITIONS_BUDGET, CEL_MAX_REQUEST_BYTES, CEL_PER_CALL_LIMIT, CEL_RUNTIME_BUDGET } from './contract.ts';
