/** Mints service-account tokens: the subresource serviceaccounts/token. Upstream: pkg/registry/core/serviceaccount/storage/token.go. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { ClusterSettings } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { badRequest, conflict, type FieldError, invalid, notFound } from '../../machinery/status.ts';
import { apiTime } from '../../machinery/time.ts';
import type { ObjectLookup } from './object-lookup.ts';
import type { ObjectClaim, ServiceAccountClaims } from './service-account-token.ts';
import type { SigningKeys } from './signing-keys.ts';
import { serviceAccountUserName } from './users.ts';

export interface TokenRequestDeps {
  settings: ClusterSettings;
  lookup: ObjectLookup;
  signing: SigningKeys;
  clock: Clock;
  random: Random;
}

export interface BoundObjectReference {
  kind?: string;
  apiVersion?: string;
  name?: string;
  uid?: string;
}

export interface TokenRequest extends KubeObject {
  spec: { audiences?: string[]; expirationSeconds?: number; boundObjectRef?: BoundObjectReference | null };
  status?: { token: string; expirationTimestamp: string };
}

const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const DEFAULT_SECONDS = 3_600;
/** What kubelets ask for; such a token lives a year and warns after the time asked for. */
const EXTENDED_WHEN_SECONDS = 3_607;
const EXTENDED_SECONDS = 365 * 24 * 3_600;

const SUBJECT = { group: 'authentication.k8s.io', kind: 'TokenRequest' };

interface AccountName {
  namespace: string;
  name: string;
}

/**
 * A token for `account`, in the form of the request. Throws 404 when the bound object is missing, 409 when a UID
 * differs, 422 for a wrong duration.
 */
export async function mintToken(
  account: KubeObject,
  request: TokenRequest,
  deps: TokenRequestDeps,
): Promise<TokenRequest> {
  const spec = request.spec ?? {};
  const { namespace = '', name = '', uid } = account.metadata;
  checkMetadata(request, account.metadata);
  const seconds = spec.expirationSeconds ?? DEFAULT_SECONDS;
  checkSeconds(seconds);
  const audiences = spec.audiences?.length ? spec.audiences : [deps.settings.serviceAccountIssuer];
  const claims: ServiceAccountClaims = {
    namespace,
    serviceaccount: claimOf(account),
    ...(spec.boundObjectRef ? await bind(spec.boundObjectRef, { namespace, name }, deps.lookup) : {}),
  };
  const issuedAt = Math.floor(deps.clock.now() / 1_000);
  let lifetime = seconds;
  const forServer = audiences.every((audience) => audience === deps.settings.serviceAccountIssuer);
  if (seconds === EXTENDED_WHEN_SECONDS && claims.pod && forServer) {
    lifetime = EXTENDED_SECONDS;
    claims.warnafter = issuedAt + seconds;
  }
  const token = await deps.signing.sign({
    iss: deps.settings.serviceAccountIssuer,
    sub: serviceAccountUserName(namespace, name),
    aud: audiences,
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + lifetime,
    jti: deps.random.uuid(),
    'kubernetes.io': claims,
  });
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {
      ...request.metadata,
      name,
      namespace,
      ...(uid ? { uid } : {}),
      creationTimestamp: apiTime(issuedAt * 1_000),
    },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token, expirationTimestamp: apiTime((issuedAt + seconds) * 1_000) },
  };
}

/** `mintToken` with its dependencies, as the server's subresource calls it. */
export function createTokenMinter(
  deps: TokenRequestDeps,
): (account: KubeObject, request: KubeObject) => Promise<KubeObject> {
  return (account, request) => mintToken(account, request as TokenRequest, deps);
}

interface PodShape extends KubeObject {
  spec?: { serviceAccountName?: string; nodeName?: string };
}

function checkSeconds(seconds: number): void {
  const error = (message: string): FieldError => ({
    type: 'FieldValueInvalid',
    field: 'spec.expirationSeconds',
    message: `Invalid value: ${seconds}: ${message}`,
  });
  if (seconds < MIN_SECONDS) throw invalid(SUBJECT, '', [error('may not specify a duration less than 10 minutes')]);
  if (seconds > MAX_SECONDS) throw invalid(SUBJECT, '', [error('may not specify a duration larger than 2^32 seconds')]);
}

function checkMetadata(request: TokenRequest, { namespace, name = '', uid }: KubeObject['metadata']): void {
  const given = request.metadata ?? {};
  if (given.name && given.name !== name) {
    const message = `Invalid value: ${JSON.stringify(given.name)}: must match the service account name if specified`;
    throw invalid(SUBJECT, name, [{ type: 'FieldValueInvalid', field: 'metadata.name', message }]);
  }
  if (given.namespace && given.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (given.uid && given.uid !== uid) {
    const why = `the UID in the token request (${given.uid}) does not match the UID of the service account (${uid})`;
    throw conflict(SUBJECT, name, why);
  }
}

type BoundClaims = Pick<ServiceAccountClaims, 'pod' | 'secret' | 'node'>;

type Binder = (ref: BoundObjectReference, account: AccountName, lookup: ObjectLookup) => Promise<BoundClaims>;

/** How a token is bound to an object of the core group, by its kind. */
const BINDERS: Readonly<Record<string, Binder>> = {
  Pod: bindPod,
  Node: async (ref, _account, lookup) => ({
    node: claimOf(await bound(ref, { resource: 'nodes', namespace: '' }, lookup)),
  }),
  Secret: async (ref, { namespace }, lookup) => ({
    secret: claimOf(await bound(ref, { resource: 'secrets', namespace }, lookup)),
  }),
};

async function bind(ref: BoundObjectReference, account: AccountName, lookup: ObjectLookup): Promise<BoundClaims> {
  const parts = (ref.apiVersion ?? '').split('/');
  const [version = '', group = ''] = parts.length > 2 ? [] : parts.reverse();
  const binder = group === '' && ref.kind !== undefined && Object.hasOwn(BINDERS, ref.kind) && BINDERS[ref.kind];
  if (binder) return binder(ref, account, lookup);
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${ref.kind ?? ''}`);
}

async function bindPod(ref: BoundObjectReference, account: AccountName, lookup: ObjectLookup): Promise<BoundClaims> {
  const demand = ({ spec }: PodShape): void => {
    if (spec?.serviceAccountName === account.name) return;
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account.name)} to pod running with different serviceaccount name.`,
    );
  };
  const pod = await bound<PodShape>(ref, { resource: 'pods', namespace: account.namespace, demand }, lookup);
  const node = pod.spec?.nodeName ? await nodeClaim(pod.spec.nodeName, lookup) : undefined;
  return { pod: claimOf(pod), ...(node ? { node } : {}) };
}

interface Place<T> {
  resource: string;
  namespace: string;
  /** Throws for an object that may not be bound to. */
  demand?(object: T): void;
}

async function bound<T extends KubeObject>(
  ref: BoundObjectReference,
  place: Place<T>,
  lookup: ObjectLookup,
): Promise<T> {
  if (!ref.name) throw badRequest('Name parameter required.');
  const object = await lookup.live<T>(place.resource, place.namespace, ref.name);
  if (!object) throw notFound({ group: '', kind: place.resource }, ref.name);
  place.demand?.(object);
  if (ref.uid && ref.uid !== object.metadata.uid) {
    throw conflict(
      { group: '', kind: ref.kind ?? '' },
      ref.name,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return object;
}

/** A pod may name a node that has no object; then the claim has no UID. */
async function nodeClaim(name: string, lookup: ObjectLookup): Promise<ObjectClaim> {
  const node = await lookup.find({ resource: 'nodes', namespace: '', name }, () => true);
  return node ? claimOf(node) : { name };
}

const claimOf = ({ metadata }: KubeObject): ObjectClaim => ({
  name: metadata.name ?? '',
  ...(metadata.uid ? { uid: metadata.uid } : {}),
});
