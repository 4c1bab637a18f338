/** The keys of a cluster: its certificate authority, and the key that signs service-account tokens. */
import { EC_ALGORITHM, readPublicKey, signCertificate } from '../base/certificate.ts';
import type { Clock } from '../base/clock.ts';
import { type Bytes, bytesToPem, pemToBytes } from '../base/der.ts';
import type { Random } from '../base/random.ts';
import type { ClusterKeys } from './contract.ts';

const DAY_MS = 24 * 3_600_000;
const CA_LIFETIME_MS = 3_650 * DAY_MS;
const CERTIFICATE_LIFETIME_MS = 365 * DAY_MS;
/** Clocks of nodes may lag behind. */
const BACKDATE_MS = 5 * 60_000;
const CA_NAME = { commonName: 'kubernetes' };

const TOKEN_ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2_048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
} as const;

/** New keys: a self-signed EC authority for ten years, and an RS256 key as upstream uses. */
export async function generateClusterKeys(clock: Clock, random: Random): Promise<ClusterKeys> {
  const pair = (await crypto.subtle.generateKey(EC_ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
  const publicKey = new Uint8Array((await crypto.subtle.exportKey('spki', pair.publicKey)) as ArrayBuffer);
  const privateKey = new Uint8Array((await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer);
  const now = clock.now();
  const caCertificate = await signCertificate(
    {
      serialNumber: serialNumber(random),
      subject: CA_NAME,
      issuer: CA_NAME,
      notBefore: now - BACKDATE_MS,
      notAfter: now + CA_LIFETIME_MS,
      publicKey,
      issuerPublicKey: publicKey,
      authority: true,
      usages: [],
      names: ['kubernetes'],
      ips: [],
    },
    pair.privateKey,
  );
  return {
    caCertificate,
    caKey: bytesToPem('PRIVATE KEY', privateKey),
    serviceAccountKeys: [await generateTokenKey()],
  };
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
  const publicKey = await readPublicKey(request.publicKey);
  const signingKey = await crypto.subtle.importKey('pkcs8', pemToBytes(keys.caKey), EC_ALGORITHM, true, ['sign']);
  const now = clock.now();
  return signCertificate(
    {
      ...request,
      serialNumber: serialNumber(random),
      subject: { commonName: request.commonName, organizations: request.organizations ?? [] },
      issuer: CA_NAME,
      notBefore: now - BACKDATE_MS,
      notAfter: now + (request.lifetime ?? CERTIFICATE_LIFETIME_MS),
      publicKey,
      issuerPublicKey: await publicHalf(signingKey),
      authority: false,
    },
    signingKey,
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

/** DER of the public key that belongs to an EC private key. */
async function publicHalf(privateKey: CryptoKey): Promise<Bytes> {
  const { d: _secret, key_ops: _operations, ...jwk } = (await crypto.subtle.exportKey('jwk', privateKey)) as JsonWebKey;
  const publicKey = await crypto.subtle.importKey('jwk', jwk, EC_ALGORITHM, true, ['verify']);
  return new Uint8Array((await crypto.subtle.exportKey('spki', publicKey)) as ArrayBuffer);
}

async function generateTokenKey(): Promise<JsonWebKey> {
  const { calculateJwkThumbprint } = await import('jose');
  const pair = (await crypto.subtle.generateKey(TOKEN_ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
  const jwk = (await crypto.subtle.exportKey('jwk', pair.privateKey)) as JsonWebKey;
  const kid = await calculateJwkThumbprint({ kty: 'RSA', n: jwk.n as string, e: jwk.e as string });
  const { key_ops: _operations, ext: _ext, ...rest } = jwk;
  return { ...rest, alg: 'RS256', use: 'sig', kid } as JsonWebKey;
}

/** A positive serial number of 16 bytes. */
function serialNumber(random: Random): Bytes {
  const bytes = new Uint8Array(random.bytes(16));
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes;
}
