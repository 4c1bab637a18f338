/**
 * The signing keys of an issuer: found by discovery, kept, and asked for again when a token names a key that is not
 * among them. Upstream: coreos/go-oidc NewProvider, RemoteKeySet.
 */
import { compactVerify, createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload } from 'jose';
import type { Clock } from '../../../base/clock.ts';
import type { Outbound } from '../../outbound/contract.ts';
import type { IssuerConfiguration } from './configuration.ts';

export interface KeySet {
  /** The payload of a token of this issuer whose signature and times are right; throws an Error that says what is not. */
  verify(token: string): Promise<JWTPayload>;
}

export interface KeySetOptions {
  issuer: IssuerConfiguration;
  outbound: Outbound;
  clock: Clock;
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
const WELL_KNOWN = '/.well-known/openid-configuration';
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 1024 * 1024;
const MAX_REDIRECTS = 3;
/** Unknown keys are looked for so often at most: anybody can make up a token that names one. */
const REFETCH_MS = 5_000;
/** After a failed discovery. Upstream tries every ten seconds. */
const RETRY_MS = 10_000;
/** Seconds that clocks may differ in what is not valid yet, as go-oidc has it. */
const NOT_BEFORE_LEEWAY_S = 300;

interface Keys {
  url: string;
  find: ReturnType<typeof createLocalJWKSet>;
  fetchedAt: number;
}

export function createKeySet({ issuer, outbound, clock }: KeySetOptions): KeySet {
  let keys: Keys | undefined;
  let failure: { error: Error; at: number } | undefined;

  // A promise of another request must not be waited for: requests that come at the same time each ask for themselves.
  const load = async (): Promise<Keys> => {
    if (keys) return keys;
    if (failure && clock.now() - failure.at < RETRY_MS) throw failure.error;
    try {
      keys = await fetchKeys(await discover({ issuer, outbound, clock }), { issuer, outbound, clock });
      return keys;
    } catch (error) {
      failure = { error: new Error('authenticator not initialized'), at: clock.now() };
      throw new Error(`authenticator not initialized: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  return {
    async verify(token) {
      const known = await load();
      let payload: JWTPayload;
      try {
        payload = await verifyWith(token, known);
      } catch (error) {
        if (!mayBeNewKey(error) || clock.now() - known.fetchedAt < REFETCH_MS) throw error;
        known.fetchedAt = clock.now();
        keys = await fetchKeys(known.url, { issuer, outbound, clock });
        payload = await verifyWith(token, keys);
      }
      checkTimes(payload, clock.now() / 1_000);
      return payload;
    },
  };
}

async function verifyWith(token: string, { find }: Keys): Promise<JWTPayload> {
  const options = { algorithms: ALGORITHMS };
  const { payload } = await compactVerify(token, find, options).catch(async (error: unknown) => {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // A token that names no key: one of them has to fit.
    for await (const key of error) {
      const verified = await compactVerify(token, key, options).catch(() => undefined);
      if (verified) return verified;
    }
    throw new errors.JWSSignatureVerificationFailed();
  });
  return JSON.parse(new TextDecoder().decode(payload)) as JWTPayload;
}

const mayBeNewKey = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed;

function checkTimes({ exp, nbf }: JWTPayload, now: number): void {
  if (exp === undefined || exp < now)
    throw new Error(`oidc: token is expired (Token Expiry: ${new Date((exp ?? 0) * 1_000).toISOString()})`);
  if (nbf !== undefined && nbf > now + NOT_BEFORE_LEEWAY_S)
    throw new Error(`oidc: current time before the nbf (not before) time: ${new Date(nbf * 1_000).toISOString()}`);
}

/** The address of the keys. */
async function discover(options: KeySetOptions): Promise<string> {
  const { url: issuerURL = '', discoveryURL } = options.issuer;
  const document = (await fetchJson(discoveryURL || issuerURL.replace(/\/$/, '') + WELL_KNOWN, options)) as {
    issuer?: unknown;
    jwks_uri?: unknown;
  };
  if (document.issuer !== issuerURL) {
    const found = JSON.stringify(document.issuer ?? '');
    throw new Error(
      `oidc: issuer did not match the issuer returned by provider, expected ${JSON.stringify(issuerURL)} got ${found}`,
    );
  }
  if (typeof document.jwks_uri !== 'string' || document.jwks_uri === '')
    throw new Error('provider did not return JWKS URL');
  return document.jwks_uri;
}

async function fetchKeys(url: string, options: KeySetOptions): Promise<Keys> {
  const set = (await fetchJson(url, options)) as JSONWebKeySet;
  return { url, find: createLocalJWKSet(set), fetchedAt: options.clock.now() };
}

/** One document, from an address that the outbound rules allow; each redirect is held to them too. */
async function fetchJson(url: string, { issuer, outbound }: KeySetOptions): Promise<unknown> {
  const { certificateAuthority } = issuer;
  let at = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const answer = await outbound.call(
      { url: at },
      {
        request: { method: 'GET', headers: { Accept: 'application/json' } },
        ...(certificateAuthority ? { caBundle: certificateAuthority } : {}),
        timeoutMs: TIMEOUT_MS,
        maxBytes: MAX_BYTES,
      },
    );
    const location = answer.headers.get('location');
    if (answer.status >= 300 && answer.status < 400 && location !== null) {
      await answer.body?.cancel();
      at = new URL(location, at).href;
      continue;
    }
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${answer.status}: ${text.slice(0, 200)}`);
    return JSON.parse(text);
  }
  throw new Error(`stopped after ${MAX_REDIRECTS} redirects`);
}
