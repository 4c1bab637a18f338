export { type AuthorizerDeps, createAuthorizer } from './authorizer.ts';
export { checkBinding, checkRoleEscalation } from './escalation.ts';
export { forbiddenRequest } from './forbidden.ts';
export { createImpersonator, type Impersonator } from './impersonation.ts';
export { aggregate, rulesFor } from './rbac.ts';
export { ruleAllows } from './rules.ts';
export { asksWebhooks } from './structured/index.ts';
