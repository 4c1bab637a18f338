/** Claims of bound service-account tokens and their validation. Upstream: pkg/serviceaccount/claims.go. */
import type { JWTPayload } from 'jose';
import type { Clock } from '../../base/clock.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { UserInfo } from '../contract.ts';
import { InvalidTokenError } from './invalid-token-error.ts';
import type { ObjectLookup } from './object-lookup.ts';
import { ALL_AUTHENTICATED, serviceAccountGroups, serviceAccountUserName } from './users.ts';

export interface ObjectClaim {
  name: string;
  uid?: string;
}

/** The private claim `kubernetes.io`. */
export interface ServiceAccountClaims {
  namespace: string;
  serviceaccount: ObjectClaim;
  pod?: ObjectClaim;
  secret?: ObjectClaim;
  node?: ObjectClaim;
  /** Seconds since the epoch after which use of the token is worth a warning. */
  warnafter?: number;
}

export interface ServiceAccountPayload extends JWTPayload {
  'kubernetes.io': ServiceAccountClaims;
}

/** A deleted object keeps its tokens valid this long, so that a terminating pod can still finish. */
const DELETION_LEEWAY_MS = 60_000;
const INVALIDATED = 'service account token has been invalidated';

const EXTRA = 'authentication.kubernetes.io/';

export function isServiceAccountPayload(payload: JWTPayload): payload is ServiceAccountPayload {
  const claims = payload['kubernetes.io'] as ServiceAccountClaims | undefined;
  return typeof claims?.namespace === 'string' && typeof claims.serviceaccount?.name === 'string';
}

/** The user a valid token stands for. */
export function userOfClaims(payload: ServiceAccountPayload): UserInfo {
  const { namespace, serviceaccount, pod, node } = payload['kubernetes.io'];
  const extra: Record<string, string[]> = {};
  if (payload.jti) extra[`${EXTRA}credential-id`] = [`JTI=${payload.jti}`];
  for (const [kind, claim] of [
    ['pod', pod],
    ['node', node],
  ] as const) {
    if (!claim) continue;
    extra[`${EXTRA}${kind}-name`] = [claim.name];
    if (claim.uid) extra[`${EXTRA}${kind}-uid`] = [claim.uid];
  }
  return {
    name: serviceAccountUserName(namespace, serviceaccount.name),
    ...(serviceaccount.uid ? { uid: serviceaccount.uid } : {}),
    groups: [...serviceAccountGroups(namespace), ALL_AUTHENTICATED],
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

/** Throws unless the account still lives with the same UID. */
export async function checkServiceAccount(
  payload: ServiceAccountPayload,
  lookup: ObjectLookup,
  clock: Clock,
): Promise<void> {
  const { namespace, serviceaccount: claim } = payload['kubernetes.io'];
  const key = { resource: 'serviceaccounts', namespace, name: claim.name };
  const account = await lookup.find(key, (object) => isClaimed(object, claim) && !isGone(object, clock));
  if (!account) throw new InvalidTokenError(`serviceaccounts ${JSON.stringify(claim.name)} not found`);
  if (!isClaimed(account, claim)) {
    throw new InvalidTokenError(
      `service account UID (${account.metadata.uid}) does not match claim (${claim.uid ?? ''})`,
    );
  }
  if (isGone(account, clock))
    throw new InvalidTokenError(`service account ${namespace}/${claim.name} has been deleted`);
}

/** Throws unless the objects the token is bound to still live with the same UIDs. */
export async function checkBoundObjects(
  payload: ServiceAccountPayload,
  lookup: ObjectLookup,
  clock: Clock,
): Promise<void> {
  const { namespace, pod, secret, node } = payload['kubernetes.io'];
  if (secret) await checkObject({ kind: 'secret', namespace, claim: secret }, lookup, clock);
  if (pod) await checkObject({ kind: 'pod', namespace, claim: pod }, lookup, clock);
  // The node of a pod-bound token is information about the pod; only a token bound to the node itself depends on it.
  if (node && !pod) await checkObject({ kind: 'node', namespace: '', claim: node }, lookup, clock);
}

interface BoundObject {
  kind: 'secret' | 'pod' | 'node';
  namespace: string;
  claim: ObjectClaim;
}

async function checkObject({ kind, namespace, claim }: BoundObject, lookup: ObjectLookup, clock: Clock): Promise<void> {
  const key = { resource: `${kind}s`, namespace, name: claim.name };
  const object = await lookup.find(key, (found) => isClaimed(found, claim) && !isGone(found, clock));
  if (object && !isClaimed(object, claim)) {
    throw new InvalidTokenError(
      `${kind} UID (${object.metadata.uid}) does not match service account ${kind} ref claim (${claim.uid ?? ''})`,
    );
  }
  if (!object || isGone(object, clock)) throw new InvalidTokenError(INVALIDATED);
}

const isClaimed = ({ metadata }: KubeObject, claim: ObjectClaim): boolean => metadata.uid === claim.uid;

/** Whether it was deleted longer ago than its tokens outlive it. */
const isGone = ({ metadata }: KubeObject, clock: Clock): boolean =>
  metadata.deletionTimestamp !== undefined && Date.parse(metadata.deletionTimestamp) + DELETION_LEEWAY_MS < clock.now();
