/** Makes X.509 certificates signed with an EC P-256 key, by WebCrypto alone. */
import {
  type Bytes,
  bitString,
  boolean,
  bytes,
  bytesToPem,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  pemToBytes,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';

export const EC_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface DistinguishedName {
  commonName: string;
  organizations?: readonly string[];
}

export interface CertificateContent {
  /** 1 to 20 bytes, positive. */
  serialNumber: Bytes;
  subject: DistinguishedName;
  issuer: DistinguishedName;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  /** DER of the SubjectPublicKeyInfo of subject and issuer. */
  publicKey: Bytes;
  issuerPublicKey: Bytes;
  authority: boolean;
  usages: readonly ('server' | 'client')[];
  names: readonly string[];
  /** IPv4 in dotted form, or IPv6. */
  ips: readonly string[];
}

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const USAGE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

/** The certificate as PEM. */
export async function signCertificate(content: CertificateContent, signingKey: CryptoKey): Promise<string> {
  const algorithm = sequence(objectIdentifier(ECDSA_WITH_SHA256));
  const body = sequence(
    explicit(0, integer(bytes(2))),
    integer(content.serialNumber),
    algorithm,
    name(content.issuer),
    sequence(time(content.notBefore), time(content.notAfter)),
    name(content.subject),
    content.publicKey,
    explicit(3, sequence(...(await extensions(content)))),
  );
  const raw = new Uint8Array(await crypto.subtle.sign(EC_ALGORITHM, signingKey, body));
  const half = raw.length / 2;
  const signature = sequence(integer(raw.slice(0, half)), integer(raw.slice(half)));
  return bytesToPem('CERTIFICATE', sequence(body, algorithm, bitString(signature)));
}

async function extensions(content: CertificateContent): Promise<Bytes[]> {
  const out = [
    extension('2.5.29.19', true, content.authority ? sequence(boolean(true)) : sequence()),
    // digitalSignature and keyEncipherment, for authorities also keyCertSign.
    extension('2.5.29.15', true, content.authority ? bitString(bytes(0xa4), 2) : bitString(bytes(0xa0), 5)),
    extension('2.5.29.14', false, octetString(await keyIdentifier(content.publicKey))),
    extension('2.5.29.35', false, sequence(implicit(0, await keyIdentifier(content.issuerPublicKey)))),
  ];
  if (content.usages.length > 0) {
    out.push(extension('2.5.29.37', false, sequence(...content.usages.map((usage) => objectIdentifier(USAGE[usage])))));
  }
  const alternatives = [
    ...content.names.map((value) => implicit(2, new TextEncoder().encode(value) as Bytes)),
    ...content.ips.map((value) => implicit(7, ipBytes(value))),
  ];
  if (alternatives.length > 0) out.push(extension('2.5.29.17', false, sequence(...alternatives)));
  return out;
}

function extension(oid: string, critical: boolean, value: Bytes): Bytes {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

function name({ commonName, organizations = [] }: DistinguishedName): Bytes {
  const part = (oid: string, value: string): Bytes => set(sequence(objectIdentifier(oid), utf8String(value)));
  return sequence(...organizations.map((value) => part('2.5.4.10', value)), part('2.5.4.3', commonName));
}

/** A digest of the key tells certificates of one authority from another's. */
async function keyIdentifier(publicKey: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', publicKey)).slice(0, 20);
}

function ipBytes(ip: string): Bytes {
  if (!ip.includes(':')) return bytes(...ip.split('.').map(Number));
  const [head = '', tail = ''] = ip.split('::');
  const words = (text: string): number[] =>
    text
      .split(':')
      .filter(Boolean)
      .map((word) => Number.parseInt(word, 16));
  const left = words(head);
  const right = words(tail);
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return bytes(...all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** The DER of a public key given as PEM. Throws when it is none that this platform can read as EC P-256 or RSA. */
export async function readPublicKey(pem: string): Promise<Bytes> {
  const spki = pemToBytes(pem);
  const algorithms = [EC_ALGORITHM, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }] as const;
  for (const algorithm of algorithms) {
    try {
      await crypto.subtle.importKey('spki', spki, algorithm, true, ['verify']);
      return spki;
    } catch {}
  }
  throw new Error('the public key is neither EC P-256 nor RSA in PEM');
}
