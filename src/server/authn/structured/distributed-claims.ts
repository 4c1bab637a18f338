/**
 * The groups of a user that a token does not carry but says where to ask for. Upstream: authenticator/token/oidc
 * claimResolver; OpenID Connect Core 1.0, section 5.6.2.
 */
import { decodeJwt, type JWTPayload } from 'jose';
import type { Clock } from '../../../base/clock.ts';
import type { Outbound } from '../../outbound/contract.ts';
import type { IssuerConfiguration } from './configuration.ts';
import { createKeySet, type KeySet } from './key-set.ts';

export interface ClaimResolver {
  /** The claims, with the resolved one among them. Throws an Error when a source says nothing usable. */
  expand(claims: JWTPayload): Promise<JWTPayload>;
}

export interface ClaimResolverOptions {
  claim: string;
  issuer: IssuerConfiguration;
  /** Throws unless the token is for this cluster. */
  checkAudience(claims: JWTPayload): void;
  outbound: Outbound;
  clock: Clock;
}

interface Source {
  endpoint?: string;
  access_token?: string;
}

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 256 * 1024;
/** Sources vouch for claims with keys of their own; there are few of them. */
const MAX_ISSUERS = 16;

export function createClaimResolver(options: ClaimResolverOptions): ClaimResolver {
  const { claim, issuer, outbound, clock } = options;
  const issuers = new Map<string, KeySet>();
  const keysOf = (url: string): KeySet => {
    const known = issuers.get(url);
    if (known) return known;
    if (issuers.size >= MAX_ISSUERS) issuers.clear();
    const { certificateAuthority } = issuer;
    const keys = createKeySet({
      issuer: { url, ...(certificateAuthority ? { certificateAuthority } : {}) },
      outbound,
      clock,
    });
    issuers.set(url, keys);
    return keys;
  };
  return {
    async expand(claims) {
      if (Object.hasOwn(claims, claim) || claims._claim_names === undefined) return claims;
      const source = sourceOf(claims, claim);
      if (!source?.endpoint) return claims;
      const token = await fetchToken(source, options);
      const resolved = await keysOf(String(decodeJwt(token).iss ?? '')).verify(token);
      options.checkAudience(resolved);
      if (!Object.hasOwn(resolved, claim)) {
        const where = JSON.stringify(source.endpoint);
        throw new Error(`jwt returned by distributed claim endpoint ${where} did not contain claim: ${claim}`);
      }
      return { ...claims, [claim]: resolved[claim] };
    },
  };
}

function sourceOf(claims: JWTPayload, claim: string): Source | undefined {
  const names = claims._claim_names as Record<string, string>;
  if (claims._claim_sources === undefined) throw new Error('oidc: no claim sources');
  const sources = claims._claim_sources as Record<string, Source>;
  const name = Object.hasOwn(names, claim) ? names[claim] : undefined;
  if (name === undefined) return undefined;
  if (!Object.hasOwn(sources, name))
    throw new Error(`id token _claim_names contained a source ${name} missing in _claims_sources`);
  return sources[name];
}

async function fetchToken(source: Source, { claim, issuer, outbound }: ClaimResolverOptions): Promise<string> {
  const { endpoint = '', access_token: accessToken } = source;
  const { certificateAuthority } = issuer;
  try {
    const answer = await outbound.call(
      { url: endpoint },
      {
        request: { method: 'GET', headers: accessToken ? { Authorization: `Bearer ${accessToken}` } : {} },
        ...(certificateAuthority ? { caBundle: certificateAuthority } : {}),
        timeoutMs: TIMEOUT_MS,
        maxBytes: MAX_BYTES,
      },
    );
    const text = await answer.text();
    if (answer.status < 200 || answer.status > 226)
      throw new Error(`error while getting distributed claim JWT: ${answer.status}`);
    return text.trim();
  } catch (error) {
    throw new Error(`while getting distributed claim ${JSON.stringify(claim)}: ${(error as Error).message}`);
  }
}
