/**
 * How extension API servers know who asks: headers that name the user, and a certificate of the request-header authority
 * that proves that this server wrote them. Upstream: client-go/transport NewAuthProxyRoundTripper.
 */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { issueCertificate } from '../cluster-keys.ts';
import type { ClusterKeys, UserInfo } from '../contract.ts';

/** The name that the authentication configuration of the cluster allows. */
const COMMON_NAME = 'front-proxy-client';
/** Nodes that lead to an extension API server are given the certificate, so it is good for a short time only. */
const LIFETIME_MS = 2 * 3_600_000;
const RENEW_BEFORE_MS = 3_600_000;

export interface FrontProxyIdentity {
  /** The certificate to show; undefined for a cluster without a request-header authority. */
  certificate(): Promise<{ certificate: string; key: string } | undefined>;
}

export function createIdentity(deps: {
  keys: () => Promise<ClusterKeys>;
  clock: Clock;
  random: Random;
}): FrontProxyIdentity {
  let kept: { certificate: string; key: string; renewAt: number } | undefined;
  return {
    async certificate() {
      const { clock } = deps;
      if (kept && clock.now() < kept.renewAt) return kept;
      const { frontProxy } = await deps.keys();
      if (!frontProxy) return undefined;
      const { generateKeyPair } = await import('../certificates/x509.ts');
      const pair = await generateKeyPair();
      const certificate = await issueCertificate(
        { caCertificate: frontProxy.certificate, caKey: frontProxy.key, serviceAccountKeys: [] },
        {
          commonName: COMMON_NAME,
          ...{ names: [], ips: [], usages: ['client'] as const },
          publicKey: pair.publicKey,
          lifetime: LIFETIME_MS,
        },
        deps,
      );
      kept = { certificate, key: pair.privateKey, renewAt: clock.now() + LIFETIME_MS - RENEW_BEFORE_MS };
      return kept;
    },
  };
}

/**
 * Names `user` in `headers`, which must carry no such names of anybody else. Answers the headers that have several
 * values: each needs a line of its own, as the other side takes a line for one value, commas included.
 */
export function setIdentity(headers: Headers, user: UserInfo): Record<string, string[]> {
  headers.set('X-Remote-User', encoded(user.name));
  if (user.uid) headers.set('X-Remote-Uid', encoded(user.uid));
  const lists: [string, readonly string[]][] = [['X-Remote-Group', user.groups]];
  for (const [key, values] of Object.entries(user.extra ?? {}))
    lists.push([`X-Remote-Extra-${escapedKey(key)}`, values]);
  const lines: Record<string, string[]> = {};
  for (const [name, values] of lists) {
    for (const value of values) headers.append(name, encoded(value));
    if (values.length > 1) lines[name.toLowerCase()] = values.map(encoded);
  }
  return lines;
}

/** Header values are bytes; names beyond ASCII go as UTF-8, as Go writes them. */
function encoded(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length === text.length ? text : String.fromCharCode(...bytes);
}

const LEGAL = /[A-Za-z0-9!#$&'*+\-.^_`|~]/;

/** A key as part of a header name: what may not stand there is escaped. Upstream: headerKeyEscape. */
function escapedKey(key: string): string {
  return [...new TextEncoder().encode(key)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return LEGAL.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}
