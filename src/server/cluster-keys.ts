/** The keys of a cluster: its certificate authority, and the key that signs service-account tokens. */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { RequestFacts } from './certificates/requests.ts';
import type { ClusterKeys } from './contract.ts';

const DAY_MS = 24 * 3_600_000;
const CA_LIFETIME_MS = 3_650 * DAY_MS;
const CERTIFICATE_LIFETIME_MS = 365 * DAY_MS;
/** Clocks of nodes may lag behind. */
const BACKDATE_MS = 5 * 60_000;
const CA_NAME = 'kubernetes';
const FRONT_PROXY_NAME = 'front-proxy-ca';

const TOKEN_ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2_048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
} as const;

/** New keys: self-signed EC authorities for ten years, and an RS256 key as upstream uses. */
export async function generateClusterKeys(clock: Clock, random: Random): Promise<ClusterKeys> {
  const ca = await generateAuthority(CA_NAME, { clock, random });
  return {
    caCertificate: ca.certificate,
    caKey: ca.key,
    frontProxy: await generateFrontProxyAuthority(clock, random),
    serviceAccountKeys: [await generateTokenKey()],
  };
}

/** A new request-header authority: extension API servers believe whoever shows a certificate of it. */
export function generateFrontProxyAuthority(
  clock: Clock,
  random: Random,
): Promise<NonNullable<ClusterKeys['frontProxy']>> {
  return generateAuthority(FRONT_PROXY_NAME, { clock, random });
}

async function generateAuthority(
  name: string,
  { clock, random }: CertificateDeps,
): Promise<{ certificate: string; key: string }> {
  const { EC_ALGORITHM, privateKeyToPem, selfSign } = await import('./certificates/x509.ts');
  const pair = (await crypto.subtle.generateKey(EC_ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
  const now = clock.now();
  const certificate = await selfSign(
    {
      commonName: name,
      organizations: [],
      names: [name],
      ips: [],
      usages: [],
      notBefore: now - BACKDATE_MS,
      notAfter: now + CA_LIFETIME_MS,
      serialNumber: serialNumber(random),
    },
    pair,
  );
  return { certificate, key: await privateKeyToPem(pair.privateKey) };
}

export interface CertificateRequest {
  commonName: string;
  organizations?: readonly string[];
  /** DNS names and IP addresses the certificate is good for. */
  names: readonly string[];
  ips: readonly string[];
  usages: readonly ('server' | 'client')[];
  /** PEM of the SubjectPublicKeyInfo the certificate is for. */
  publicKey: string;
  /** Milliseconds; a year when left out. */
  lifetime?: number;
}

export interface CertificateDeps {
  clock: Clock;
  random: Random;
}

/** A certificate of the cluster's authority, as PEM. Throws when the public key cannot be read. */
export async function issueCertificate(
  keys: ClusterKeys,
  request: CertificateRequest,
  { clock, random }: CertificateDeps,
): Promise<string> {
  const { sign } = await import('./certificates/x509.ts');
  const now = clock.now();
  return sign(
    {
      ...request,
      organizations: request.organizations ?? [],
      notBefore: now - BACKDATE_MS,
      notAfter: now + (request.lifetime ?? CERTIFICATE_LIFETIME_MS),
      serialNumber: serialNumber(random),
    },
    { ...keys, publicKey: request.publicKey },
  );
}

export interface ServingCertificateRequest {
  names: readonly string[];
  ips: readonly string[];
  /** PEM of the SubjectPublicKeyInfo. */
  publicKey: string;
}

/** A server certificate for an agent: its copy of the cluster's API endpoint, or its kubelet API. */
export function issueServingCertificate(
  keys: ClusterKeys,
  request: ServingCertificateRequest,
  deps: CertificateDeps,
): Promise<string> {
  const commonName = request.names[0] ?? request.ips[0] ?? 'kubernetes';
  return issueCertificate(keys, { ...request, commonName, usages: ['server'] }, deps);
}

/** The cluster's authority for those who read and sign certificate requests (PEM). */
export function createCertificateAuthority(
  keys: Pick<ClusterKeys, 'caCertificate' | 'caKey'>,
  { clock, random }: CertificateDeps,
): {
  read(pem: string): Promise<RequestFacts>;
  sign(pem: string, options: { usages: readonly string[]; lifetime: number }): Promise<string>;
} {
  return {
    read: async (pem) => (await import('./certificates/requests.ts')).readRequest(pem),
    async sign(pem, { usages, lifetime }) {
      const { signRequest } = await import('./certificates/requests.ts');
      const now = clock.now();
      const { caCertificate, caKey } = keys;
      const validity = { notBefore: now - BACKDATE_MS, notAfter: now + lifetime };
      return signRequest({ pem, usages, ...validity, serialNumber: serialNumber(random), caCertificate, caKey });
    },
  };
}

async function generateTokenKey(): Promise<JsonWebKey> {
  const { calculateJwkThumbprint } = await import('jose');
  const pair = (await crypto.subtle.generateKey(TOKEN_ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
  const jwk = (await crypto.subtle.exportKey('jwk', pair.privateKey)) as JsonWebKey;
  const kid = await calculateJwkThumbprint({ kty: 'RSA', n: jwk.n as string, e: jwk.e as string });
  const { key_ops: _operations, ext: _ext, ...rest } = jwk;
  return { ...rest, alg: 'RS256', use: 'sig', kid } as JsonWebKey;
}

/** A positive serial number of 16 bytes, in hexadecimal. */
function serialNumber(random: Random): string {
  const bytes = random.bytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
