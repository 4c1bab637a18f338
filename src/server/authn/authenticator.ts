/** Finds out who sends a request. Upstream: kubeapiserver/authenticator. */
import { decodeJwt, type JWTPayload } from 'jose';
import type { Clock } from '../../base/clock.ts';
import type { ClusterSettings } from '../../machinery/kind.ts';
import { unauthorized } from '../../machinery/status.ts';
import type { Store } from '../../storage/contract.ts';
import type { Authenticator, ClusterKeys, ConfigCache, KindRegistry, Logger, UserInfo } from '../contract.ts';
import type { Outbound } from '../outbound/contract.ts';
import { bearerToken } from './bearer-token.ts';
import { authenticateBootstrapToken, parseBootstrapToken } from './bootstrap-token.ts';
import { constantTimeEqual, sha256Hex } from './constant-time.ts';
import { InvalidTokenError } from './invalid-token-error.ts';
import { checkNodeCredential, claimsOfNode, isNodePayload, NODE_AUDIENCE, nodeUser } from './node-credential.ts';
import { createObjectLookup, type ObjectLookup } from './object-lookup.ts';
import {
  checkBoundObjects,
  checkServiceAccount,
  isServiceAccountPayload,
  type ServiceAccountPayload,
  userOfClaims,
} from './service-account-token.ts';
import { createSigningKeys, type SigningKeys } from './signing-keys.ts';
import { type StructuredAuthentication, structuredAuthentication } from './structured/index.ts';
import { ALL_AUTHENTICATED, MASTERS_GROUP, nodeOf, PROXY_USER } from './users.ts';

export interface AuthenticatorDeps {
  settings: ClusterSettings;
  keys: () => Promise<ClusterKeys>;
  adminTokenHash?: string;
  store: Store;
  kinds: KindRegistry;
  config: ConfigCache;
  clock: Clock;
  /** For the keys of other issuers. */
  outbound?: Outbound | undefined;
  log?: Logger;
}

export interface TokenResult {
  user: UserInfo;
  /** The audiences asked for that the token is valid for. */
  audiences: string[];
}

export interface TokenAuthenticator extends Authenticator {
  /**
   * The user a bare token proves, for `audiences` (the API server's own when left out).
   * Throws an InvalidTokenError.
   */
  authenticateToken(token: string, audiences?: readonly string[]): Promise<TokenResult>;
}

/** A verified token. Its signature is not checked again; what it depends on is. */
interface KnownToken {
  user: UserInfo;
  audiences: readonly string[];
  /** Milliseconds since the epoch; from then on the token is refused. */
  expiresAt: number;
  notBefore: number;
  /** Cheap check on every use, from the configuration cache. */
  check?: () => Promise<void>;
  /** Check that asks storage, repeated after `recheckMs`. */
  slowCheck?: () => Promise<void>;
  recheckMs: number;
  checkedAt: number;
  /** The configuration that the user comes from; with another one in force, the token is looked at anew. */
  source?: StructuredAuthentication;
}

const MAX_KNOWN_TOKENS = 2_048;
/** How long the liveness of a bound object, and the generation of a node credential, are trusted. */
const BOUND_OBJECT_RECHECK_MS = 500;
const NODE_RECHECK_MS = 10_000;

/** Names the part of a node that sends a request. */
const COMPONENT_HEADER = 'x-kedge-component';

const ADMIN: UserInfo = { name: 'admin', uid: 'admin-uid', groups: [MASTERS_GROUP, ALL_AUTHENTICATED] };

/** Tokens that were verified are remembered, so that a request costs one map look-up and reads of the cache. */
export function createAuthenticator(deps: AuthenticatorDeps): TokenAuthenticator {
  const lookup = createObjectLookup(deps);
  const signing = createSigningKeys(deps.keys);
  const known = new Map<string, KnownToken>();
  const { outbound, clock, log, config } = deps;
  const structuredDeps = { ownIssuers: [deps.settings.serviceAccountIssuer], outbound, clock, log };
  const structured = async (): Promise<StructuredAuthentication | undefined> =>
    structuredAuthentication(await config.fresh(), structuredDeps);

  const remember = (token: string, entry: KnownToken): KnownToken => {
    if (known.size >= MAX_KNOWN_TOKENS) known.delete(known.keys().next().value as string);
    known.set(token, entry);
    return entry;
  };

  const identify = async (token: string): Promise<KnownToken> => {
    if (deps.adminTokenHash && constantTimeEqual(await sha256Hex(token), deps.adminTokenHash.toLowerCase())) {
      return remember(token, permanent(ADMIN, deps.settings));
    }
    const bootstrap = parseBootstrapToken(token);
    if (bootstrap) {
      const user = await authenticateBootstrapToken(bootstrap, lookup, deps.clock);
      if (!user) throw new InvalidTokenError('');
      return permanent(user, deps.settings);
    }
    const issuer = issuerOf(token);
    const foreign =
      issuer === undefined || issuer === deps.settings.serviceAccountIssuer ? undefined : await structured();
    const entry = foreign
      ? await identifyForeign(token, { issuer: issuer as string, source: foreign, deps })
      : await identifyJwt(token, { ...deps, lookup, signing });
    return remember(token, entry);
  };

  const authenticateToken: TokenAuthenticator['authenticateToken'] = async (token, wanted) => {
    const remembered = known.get(token);
    const stale = remembered?.source !== undefined && remembered.source !== (await structured());
    const entry = stale || !remembered ? await identify(token) : remembered;
    try {
      await checkKnown(entry, deps.clock);
    } catch (error) {
      known.delete(token);
      throw error;
    }
    const asked = wanted && wanted.length > 0 ? wanted : [deps.settings.serviceAccountIssuer];
    const audiences = asked.filter((audience) => entry.audiences.includes(audience));
    if (audiences.length === 0) {
      throw new InvalidTokenError(
        `token audiences ${quoted(entry.audiences)} is invalid for the target audiences ${quoted(asked)}`,
      );
    }
    return { user: entry.user, audiences };
  };

  return {
    authenticateToken,
    async authenticate(request) {
      const token = bearerToken(request.headers);
      if (token === undefined) {
        const paths = (await structured())?.anonymousPaths;
        if (paths && !paths.has(new URL(request.url).pathname)) throw unauthorized();
        return null;
      }
      try {
        const { user } = await authenticateToken(token);
        // A node's credential also speaks for the node's proxy, which upstream gives an identity of its own.
        return nodeOf(user) !== undefined && request.headers.get(COMPONENT_HEADER) === 'proxy' ? PROXY_USER : user;
      } catch (error) {
        if (error instanceof InvalidTokenError) throw unauthorized();
        throw error;
      }
    },
  };
}

function permanent(user: UserInfo, settings: ClusterSettings): KnownToken {
  return {
    user,
    audiences: [settings.serviceAccountIssuer],
    expiresAt: Number.POSITIVE_INFINITY,
    notBefore: 0,
    recheckMs: 0,
    checkedAt: 0,
  };
}

/** The issuer that an unverified token names; undefined for what is no token of that form. */
function issuerOf(token: string): string | undefined {
  try {
    const { iss } = decodeJwt(token);
    return iss === 'accounts.google.com' ? `https://${iss}` : iss;
  } catch {
    return undefined;
  }
}

async function identifyForeign(
  token: string,
  { issuer, source, deps }: { issuer: string; source: StructuredAuthentication; deps: AuthenticatorDeps },
): Promise<KnownToken> {
  const authenticator = source.issuers.get(issuer);
  if (!authenticator) throw new InvalidTokenError('');
  try {
    const { user, expires } = await authenticator.authenticate(token);
    return { ...permanent(user, deps.settings), expiresAt: expires * 1_000, source };
  } catch (error) {
    throw new InvalidTokenError(error instanceof Error ? error.message : String(error));
  }
}

interface JwtDeps extends AuthenticatorDeps {
  lookup: ObjectLookup;
  signing: SigningKeys;
}

async function identifyJwt(token: string, deps: JwtDeps): Promise<KnownToken> {
  const payload = await deps.signing.verify(token);
  if (!payload || payload.iss !== deps.settings.serviceAccountIssuer) throw new InvalidTokenError('');
  const times = {
    expiresAt: (payload.exp ?? 0) * 1_000,
    notBefore: (payload.nbf ?? 0) * 1_000,
    checkedAt: 0,
  };
  if (isNodePayload(payload) && audiencesOf(payload).includes(NODE_AUDIENCE)) {
    return {
      ...times,
      user: nodeUser(claimsOfNode(payload).name),
      audiences: [deps.settings.serviceAccountIssuer],
      slowCheck: () => checkNodeCredential(payload, deps.lookup),
      recheckMs: NODE_RECHECK_MS,
    };
  }
  if (!isServiceAccountPayload(payload)) throw new InvalidTokenError('');
  return { ...times, ...serviceAccountEntry(payload, deps) };
}

function serviceAccountEntry(
  payload: ServiceAccountPayload,
  { lookup, clock }: JwtDeps,
): Omit<KnownToken, 'expiresAt' | 'notBefore' | 'checkedAt'> {
  const { pod, secret, node } = payload['kubernetes.io'];
  return {
    user: userOfClaims(payload),
    audiences: audiencesOf(payload),
    check: () => checkServiceAccount(payload, lookup, clock),
    ...(pod || secret || node ? { slowCheck: () => checkBoundObjects(payload, lookup, clock) } : {}),
    recheckMs: BOUND_OBJECT_RECHECK_MS,
  };
}

async function checkKnown(entry: KnownToken, clock: Clock): Promise<void> {
  const now = clock.now();
  if (now >= entry.expiresAt) throw new InvalidTokenError('service account token has expired');
  if (now < entry.notBefore) throw new InvalidTokenError('service account token is not valid yet');
  if (entry.check) await entry.check();
  if (entry.slowCheck && now - entry.checkedAt >= entry.recheckMs) {
    await entry.slowCheck();
    entry.checkedAt = now;
  }
}

function audiencesOf(payload: JWTPayload): string[] {
  if (payload.aud === undefined) return [];
  return typeof payload.aud === 'string' ? [payload.aud] : payload.aud;
}

const quoted = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
