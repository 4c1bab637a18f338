/** Users of foreign issuers: a verified token's claims become a user. Upstream: plugin/pkg/authenticator/token/oidc. */
import type { JWTPayload } from 'jose';
import type { Clock } from '../../../base/clock.ts';
import type { UserInfo } from '../../contract.ts';
import type { Outbound } from '../../outbound/contract.ts';
import { type ClaimResolver, createClaimResolver } from './distributed-claims.ts';
import { evaluate, textsOf, userValue, withEscapedKeys } from './expressions.ts';
import { createKeySet, type KeySet } from './key-set.ts';
import type { CompiledAuthenticator } from './validate.ts';

const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

export interface JwtUser {
  user: UserInfo;
  /** Seconds since the epoch, as the claims say. */
  expires: number;
}

export interface JwtAuthenticator {
  readonly issuer: string;
  /** Throws an Error that says why the token proves nobody. */
  authenticate(token: string): Promise<JwtUser>;
}

export function createJwtAuthenticator(
  compiled: CompiledAuthenticator,
  deps: { outbound: Outbound; clock: Clock },
): JwtAuthenticator {
  const { issuer } = compiled.configuration;
  const keys: KeySet = createKeySet({ issuer, ...deps });
  const audiences = issuer.audiences ?? [];
  const groups = compiled.configuration.claimMappings.groups?.claim ?? '';
  const checkFor = (claims: JWTPayload): void => checkAudience(claims, audiences);
  const resolver = createClaimResolver({ claim: groups, issuer, checkAudience: checkFor, ...deps });
  return {
    issuer: issuer.url ?? '',
    async authenticate(token) {
      const claims = await verified(keys, token);
      checkFor(claims);
      const all = groups === '' ? claims : await expanded(resolver, claims);
      return { user: userOf(compiled, all), expires: claims.exp ?? 0 };
    },
  };
}

async function verified(keys: KeySet, token: string): Promise<JWTPayload> {
  try {
    return await keys.verify(token);
  } catch (error) {
    throw new Error(`oidc: verify token: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function expanded(resolver: ClaimResolver, claims: JWTPayload): Promise<JWTPayload> {
  try {
    return await resolver.expand(claims);
  } catch (error) {
    throw new Error(`oidc: could not expand distributed claims: ${(error as Error).message}`);
  }
}

function checkAudience({ aud }: JWTPayload, accepted: readonly string[]): void {
  const given = aud === undefined ? [] : typeof aud === 'string' ? [aud] : aud;
  if (given.some((audience) => accepted.includes(audience))) return;
  const show = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
  throw new Error(`oidc: verify token: oidc: expected audience in ${show([...accepted].sort())} got ${show(given)}`);
}

/** Maps the claims and holds the user to the rules. */
export function userOf(compiled: CompiledAuthenticator, claims: JWTPayload): UserInfo {
  const bindings = { claims: withEscapedKeys(claims) };
  const uid = uidOf(compiled, claims, bindings);
  const extra = extraOf(compiled, claims, bindings);
  const user: UserInfo = {
    name: usernameOf(compiled, claims, bindings),
    groups: groupsOf(compiled, claims, bindings),
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
  checkRequiredClaims(compiled, claims);
  explained('claim validation expression', () => checkRules(compiled.claimRules, bindings));
  explained('user info validation rule', () => checkRules(compiled.userRules, { user: userValue(user) }));
  return user;
}

type Bindings = Readonly<Record<string, unknown>>;

/** A claim that must be a text; throws as Go's decoder would. */
function textClaim(claims: JWTPayload, name: string): string {
  if (!Object.hasOwn(claims, name)) throw new Error('claim not present');
  const value = claims[name];
  if (typeof value === 'string') return value;
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw new Error(`json: cannot unmarshal ${found} into Go value of type string`);
}

function explained<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`oidc: error evaluating ${what}: ${(error as Error).message}`);
  }
}

function usernameOf(compiled: CompiledAuthenticator, claims: JWTPayload, bindings: Bindings): string {
  const { username: program } = compiled;
  if (program) {
    const name = explained('username claim expression', () => {
      const value = evaluate(program, bindings);
      if (typeof value !== 'string') throw new Error('username claim expression must return a string');
      return value;
    });
    if (name === '') throw new Error('oidc: empty username via CEL expression is not allowed');
    return name;
  }
  const { claim = '', prefix } = compiled.configuration.claimMappings.username;
  let name: string;
  try {
    name = textClaim(claims, claim);
  } catch (error) {
    throw new Error(`oidc: parse username claims ${JSON.stringify(claim)}: ${(error as Error).message}`);
  }
  if (claim === 'email' && Object.hasOwn(claims, 'email_verified')) {
    if (typeof claims.email_verified !== 'boolean')
      throw new Error("oidc: parse 'email_verified' claim: json: cannot unmarshal into Go value of type bool");
    if (!claims.email_verified) throw new Error('oidc: email not verified');
  }
  return (prefix ?? '') + name;
}

function groupsOf(compiled: CompiledAuthenticator, claims: JWTPayload, bindings: Bindings): string[] {
  const { claim = '', prefix } = compiled.configuration.claimMappings.groups ?? {};
  if (claim !== '' && Object.hasOwn(claims, claim)) {
    const value = claims[claim];
    const groups = typeof value === 'string' ? [value] : (value ?? []);
    if (!Array.isArray(groups) || groups.some((group) => typeof group !== 'string'))
      throw new Error(
        `oidc: parse groups claim ${JSON.stringify(claim)}: json: cannot unmarshal into Go value of type string`,
      );
    return (groups as string[]).map((group) => (prefix ?? '') + group);
  }
  const { groups: program } = compiled;
  return program ? explained('group claim expression', () => textsOf(evaluate(program, bindings))) : [];
}

function uidOf(compiled: CompiledAuthenticator, claims: JWTPayload, bindings: Bindings): string {
  const { claim = '' } = compiled.configuration.claimMappings.uid ?? {};
  if (claim !== '') {
    try {
      return textClaim(claims, claim);
    } catch (error) {
      throw new Error(`oidc: parse uid claim ${JSON.stringify(claim)}: ${(error as Error).message}`);
    }
  }
  const { uid: program } = compiled;
  if (!program) return '';
  return explained('uid claim expression', () => {
    const value = evaluate(program, bindings);
    if (typeof value !== 'string') throw new Error('uid claim expression must return a string');
    return value;
  });
}

function extraOf(compiled: CompiledAuthenticator, claims: JWTPayload, bindings: Bindings): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  if (typeof claims.jti === 'string' && claims.jti !== '') extra[CREDENTIAL_ID] = [`JTI=${claims.jti}`];
  for (const { key, program } of compiled.extra) {
    const values = explained('extra claim expression', () => textsOf(evaluate(program, bindings)));
    if (values.length > 0) extra[key] = values;
  }
  return extra;
}

function checkRequiredClaims({ configuration }: CompiledAuthenticator, claims: JWTPayload): void {
  for (const { claim = '', requiredValue = '' } of configuration.claimValidationRules ?? []) {
    if (claim === '') continue;
    if (!Object.hasOwn(claims, claim)) throw new Error(`oidc: required claim ${claim} not present in ID token`);
    let value: string;
    try {
      value = textClaim(claims, claim);
    } catch (error) {
      throw new Error(`oidc: parse claim ${claim}: ${(error as Error).message}`);
    }
    if (value !== requiredValue)
      throw new Error(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${requiredValue}`);
  }
}

function checkRules(rules: CompiledAuthenticator['claimRules'], bindings: Bindings): void {
  for (const { program, message } of rules) {
    const value = evaluate(program, bindings);
    if (typeof value !== 'boolean') throw new Error('validation expression must return a boolean');
    if (!value) throw new Error(`validation expression '${program.source}' failed: ${message}`);
  }
}
