export {
  type AuthenticatorDeps,
  createAuthenticator,
  type TokenAuthenticator,
  type TokenResult,
} from './authenticator.ts';
export { InvalidTokenError } from './invalid-token-error.ts';
export {
  claimsOfNode,
  isNodePayload,
  NODE_AUDIENCE,
  NODE_CREDENTIAL_NAMESPACE,
  nodeClaims,
  nodeCredentialName,
  validGeneration,
} from './node-credential.ts';
export { createObjectLookup, type ObjectLookup } from './object-lookup.ts';
export { jsonWebKeySet, openIdConfiguration } from './openid.ts';
export { createSigningKeys, type SigningKeys } from './signing-keys.ts';
export { createTokenMinter, mintToken, type TokenRequest, type TokenRequestDeps } from './token-request.ts';
export { anonymousUser, nodeOf } from './users.ts';
