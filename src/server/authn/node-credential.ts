/**
 * Credentials of node agents: a JWT bound to one node name. The Secret kube-system/node-credential.NAME holds the
 * generation that is valid, so that a node that joins anew, or the deletion of the Secret, revokes older tokens.
 */
import type { JWTPayload } from 'jose';
import type { KubeObject } from '../../machinery/meta.ts';
import type { UserInfo } from '../contract.ts';
import { InvalidTokenError } from './invalid-token-error.ts';
import type { ObjectLookup } from './object-lookup.ts';
import { ALL_AUTHENTICATED, NODE_USER_PREFIX, NODES_GROUP } from './users.ts';

/** Audience of node tokens: no verifier of service-account tokens accepts them. */
export const NODE_AUDIENCE = 'kedge.dev/node';
export const NODE_CREDENTIAL_NAMESPACE = 'kube-system';
const CLAIM = 'kedge.dev/node';

export interface NodeClaims {
  name: string;
  generation: string;
}

export interface NodePayload extends JWTPayload {
  [CLAIM]: NodeClaims;
}

interface CredentialSecret extends KubeObject {
  data?: Record<string, string>;
}

export const nodeCredentialName = (node: string): string => `node-credential.${node}`;

/** The claims of a new token; the caller adds issuer and times. */
export const nodeClaims = (claims: NodeClaims): JWTPayload => ({
  sub: `${NODE_USER_PREFIX}${claims.name}`,
  aud: [NODE_AUDIENCE],
  [CLAIM]: claims,
});

export function isNodePayload(payload: JWTPayload): payload is NodePayload {
  const claims = payload[CLAIM] as NodeClaims | undefined;
  return typeof claims?.name === 'string' && typeof claims.generation === 'string';
}

export const claimsOfNode = (payload: NodePayload): NodeClaims => payload[CLAIM];

export const nodeUser = (name: string): UserInfo => ({
  name: `${NODE_USER_PREFIX}${name}`,
  groups: [NODES_GROUP, ALL_AUTHENTICATED],
});

/** The generation that is valid for `node`; undefined when the node has no credential. */
export async function validGeneration(node: string, lookup: ObjectLookup): Promise<string | undefined> {
  const secret = await lookup.live<CredentialSecret>('secrets', NODE_CREDENTIAL_NAMESPACE, nodeCredentialName(node));
  const data = secret?.data?.generation;
  return data === undefined ? undefined : atob(data);
}

/** Throws unless the generation of the token is the valid one. */
export async function checkNodeCredential(payload: NodePayload, lookup: ObjectLookup): Promise<void> {
  const { name, generation } = claimsOfNode(payload);
  if ((await validGeneration(name, lookup)) !== generation)
    throw new InvalidTokenError('node credential has been revoked');
}
