/**
 * Certificates of the cluster, by the X.509 library. Loaded when the first one is made or read: nothing of it runs when
 * the Worker starts.
 */
// The library's dependency injection needs this polyfill before it.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

export const EC_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface CertificateFacts {
  commonName: string;
  organizations: readonly string[];
  /** DNS names and IP addresses. */
  names: readonly string[];
  ips: readonly string[];
  usages: readonly ('server' | 'client')[];
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  /** Hexadecimal. */
  serialNumber: string;
}

/** A self-signed authority over `keys`, as PEM. */
export async function selfSign(facts: CertificateFacts, keys: CryptoKeyPair): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(facts),
    name: nameOf(facts),
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment | x509.KeyUsageFlags.keyCertSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...alternativeNames(facts),
    ],
  });
  return certificate.toString('pem');
}

/** A certificate of the authority (`caCertificate`, `caKey`: PEM) for a public key (PEM), as PEM. */
export async function sign(
  facts: CertificateFacts,
  { caCertificate, caKey, publicKey }: { caCertificate: string; caKey: string; publicKey: string },
): Promise<string> {
  const issuer = new x509.X509Certificate(caCertificate);
  const key = await new x509.PublicKey(publicKey).export();
  const signingKey = await crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(caKey), EC_ALGORITHM, false, [
    'sign',
  ]);
  const usages = facts.usages.map((usage) => x509.ExtendedKeyUsage[usage === 'server' ? 'serverAuth' : 'clientAuth']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...common(facts),
    subject: nameOf(facts),
    issuer: issuer.subject,
    publicKey: key,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      ...(usages.length > 0 ? [new x509.ExtendedKeyUsageExtension(usages)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...alternativeNames(facts),
    ],
  });
  return certificate.toString('pem');
}

/** A new key pair for a certificate, as PEM. */
export async function generateKeyPair(): Promise<{ publicKey: string; privateKey: string }> {
  const pair = (await crypto.subtle.generateKey(EC_ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair;
  const exported = (await crypto.subtle.exportKey('spki', pair.publicKey)) as ArrayBuffer;
  return {
    publicKey: x509.PemConverter.encode(exported, 'PUBLIC KEY'),
    privateKey: await privateKeyToPem(pair.privateKey),
  };
}

/** PEM of a private key. */
export async function privateKeyToPem(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode((await crypto.subtle.exportKey('pkcs8', key)) as ArrayBuffer, 'PRIVATE KEY');
}

const structureError = (error: unknown): string =>
  `asn1: structure error: ${error instanceof Error ? error.message : String(error)}`;

/** Why the signature of a PEM certificate request does not hold; undefined when it does. */
export async function requestFault(pem: string): Promise<string | undefined> {
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
  } catch (error) {
    return structureError(error);
  }
  try {
    if (await request.verify()) return undefined;
  } catch {
    return 'x509: cannot verify signature: algorithm unimplemented';
  }
  const { name: algorithm } = request.signatureAlgorithm as unknown as { name: string };
  if (algorithm.startsWith('RSA')) return 'crypto/rsa: verification error';
  return algorithm === 'ECDSA' ? 'x509: ECDSA verification failure' : 'x509: Ed25519 verification failure';
}

/** The common name that a certificate request (PEM in base64) is for, or why it cannot be read. Upstream: certificates.ParseCSR. */
export function subjectOf(base64: string): { commonName: string } | { fault: string } {
  const pem = atob(base64);
  if (!pem.includes('-----BEGIN CERTIFICATE REQUEST-----'))
    return { fault: 'PEM block type must be CERTIFICATE REQUEST' };
  try {
    return { commonName: new x509.Pkcs10CertificateRequest(pem).subjectName.getField('CN').at(-1) ?? '' };
  } catch (error) {
    return { fault: structureError(error) };
  }
}

/** The organizations in the subject of a PEM certificate request; undefined when it cannot be read. */
export function organizationsOf(pem: string): string[] | undefined {
  try {
    return new x509.Pkcs10CertificateRequest(pem).subjectName.getField('O');
  } catch {
    return undefined;
  }
}

function common(facts: CertificateFacts) {
  return {
    serialNumber: facts.serialNumber,
    notBefore: new Date(facts.notBefore),
    notAfter: new Date(facts.notAfter),
    signingAlgorithm: EC_ALGORITHM,
  };
}

function nameOf({ commonName, organizations }: CertificateFacts): x509.JsonName {
  return [...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }];
}

function alternativeNames({ names, ips }: CertificateFacts): x509.Extension[] {
  const all: x509.JsonGeneralNames = [
    ...names.map((value) => ({ type: 'dns' as const, value })),
    ...ips.map((value) => ({ type: 'ip' as const, value })),
  ];
  return all.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(all)];
}
