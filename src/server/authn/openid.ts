/** Documents by which others verify service-account tokens. Upstream: pkg/serviceaccount/openidmetadata.go. */
import type { JWK } from 'jose';
import type { ClusterSettings } from '../../machinery/kind.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface OpenIdConfiguration {
  issuer: string;
  jwks_uri: string;
  response_types_supported: string[];
  subject_types_supported: string[];
  id_token_signing_alg_values_supported: string[];
}

/** Body of `/.well-known/openid-configuration`. */
export async function openIdConfiguration(
  settings: ClusterSettings,
  signing: SigningKeys,
): Promise<OpenIdConfiguration> {
  const algorithms = (await signing.publicKeys()).map((key) => key.alg ?? 'RS256');
  return {
    issuer: settings.serviceAccountIssuer,
    jwks_uri: `${settings.serviceAccountIssuer.replace(/\/$/, '')}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(algorithms)].sort(),
  };
}

/** Body of `/openid/v1/jwks`. */
export async function jsonWebKeySet(signing: SigningKeys): Promise<{ keys: JWK[] }> {
  return { keys: await signing.publicKeys() };
}
