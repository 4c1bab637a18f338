/** Authentication by the AuthenticationConfiguration of the cluster. Upstream: kubeapiserver/authenticator. */
import type { Clock } from '../../../base/clock.ts';
import { type ConfigurationInput, compiledConfiguration } from '../../configuration/document.ts';
import type { ConfigSnapshot, Logger } from '../../contract.ts';
import type { Outbound } from '../../outbound/contract.ts';
import { createJwtAuthenticator, type JwtAuthenticator } from './jwt-authenticator.ts';
import { compileAuthentication } from './validate.ts';

export type { JwtUser } from './jwt-authenticator.ts';
export { compileAuthentication } from './validate.ts';

/** What is in force; another value as soon as the configuration changes. */
export interface StructuredAuthentication {
  /** By issuer. */
  issuers: ReadonlyMap<string, JwtAuthenticator>;
  /** The paths at which anonymous requests are let in; undefined: all. */
  anonymousPaths: ReadonlySet<string> | undefined;
}

export interface StructuredDeps {
  ownIssuers: readonly string[];
  outbound: Outbound | undefined;
  clock: Clock;
  log?: Logger | undefined;
}

/** Reads the configuration of a snapshot; undefined where none is set. */
export function structuredAuthentication(
  snapshot: ConfigSnapshot,
  deps: StructuredDeps,
): StructuredAuthentication | undefined {
  return compiledConfiguration(snapshot, 'authentication', (input) => compile(input, deps));
}

/** A stored document that this release refuses lets nobody in by it, and no anonymous request either. */
function compile(
  { document }: ConfigurationInput,
  { ownIssuers, outbound, clock, log }: StructuredDeps,
): StructuredAuthentication {
  try {
    const { authenticators, anonymousPaths } = compileAuthentication(document, ownIssuers);
    const issuers = outbound ? authenticators.map((one) => createJwtAuthenticator(one, { outbound, clock })) : [];
    return { issuers: new Map(issuers.map((one) => [one.issuer, one])), anonymousPaths };
  } catch (error) {
    log?.error('the authentication configuration is not valid', { error: String(error) });
    return { issuers: new Map(), anonymousPaths: new Set() };
  }
}
