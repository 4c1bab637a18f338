export {
  Activation,
  type ActivationInput,
  type Authorize,
  type CompiledVariables,
  type Evaluation,
  OutOfBudgetError,
} from './activation.ts';
export { cachingAuthorizer } from './authorization.ts';
export { type BindingsInput, bindingsOf } from './bindings.ts';
export { compileConditions, compileVariables } from './compile.ts';
export { type ConditionResult, matchConditions } from './match-conditions.ts';
export { requestAttributes, type VersionedRequest, versionedRequest, writeBack } from './versioned-request.ts';
