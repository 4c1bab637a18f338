/** Reading and signing of certificate requests, by the X.509 library. Loaded when the first request is looked at. */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { EC_ALGORITHM } from './x509.ts';

export interface RequestFacts {
  commonName: string;
  organizations: readonly string[];
  dnsNames: readonly string[];
  ips: readonly string[];
  emails: readonly string[];
  uris: readonly string[];
}

const ALTERNATIVE_NAMES = '2.5.29.17';
const KEY_USAGES: Readonly<Record<string, number>> = {
  signing: x509.KeyUsageFlags.digitalSignature,
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'content commitment': x509.KeyUsageFlags.nonRepudiation,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
  'data encipherment': x509.KeyUsageFlags.dataEncipherment,
  'key agreement': x509.KeyUsageFlags.keyAgreement,
  'cert sign': x509.KeyUsageFlags.keyCertSign,
  'crl sign': x509.KeyUsageFlags.cRLSign,
  'encipher only': x509.KeyUsageFlags.encipherOnly,
  'decipher only': x509.KeyUsageFlags.decipherOnly,
};
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': x509.ExtendedKeyUsage.serverAuth,
  'client auth': x509.ExtendedKeyUsage.clientAuth,
  'code signing': x509.ExtendedKeyUsage.codeSigning,
  'email protection': x509.ExtendedKeyUsage.emailProtection,
  's/mime': x509.ExtendedKeyUsage.emailProtection,
  timestamping: x509.ExtendedKeyUsage.timeStamping,
  'ocsp signing': x509.ExtendedKeyUsage.ocspSigning,
};

/** What a PEM certificate request asks for. Throws when it cannot be read. */
export function readRequest(pem: string): RequestFacts {
  const request = new x509.Pkcs10CertificateRequest(pem);
  const names = namesOf(request);
  const pick = (type: string): string[] => names.filter((name) => name.type === type).map(({ value }) => value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: pick('dns'),
    ips: pick('ip'),
    emails: pick('email'),
    uris: pick('url'),
  };
}

function namesOf(request: x509.Pkcs10CertificateRequest): readonly { type: string; value: string }[] {
  const extension = request.getExtension(ALTERNATIVE_NAMES);
  if (!extension) return [];
  return new x509.SubjectAlternativeNameExtension(extension.rawData).names.items;
}

export interface SigningInput {
  /** The request, PEM. */
  pem: string;
  /** As requests name them: `client auth`. */
  usages: readonly string[];
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  /** Hexadecimal. */
  serialNumber: string;
  /** PEM. */
  caCertificate: string;
  caKey: string;
}

/** A certificate for the subject, names and key of a request, as PEM; it never outlives the authority. */
export async function signRequest(input: SigningInput): Promise<string> {
  const request = new x509.Pkcs10CertificateRequest(input.pem);
  const issuer = new x509.X509Certificate(input.caCertificate);
  const key = x509.PemConverter.decodeFirst(input.caKey);
  const signingKey = await crypto.subtle.importKey('pkcs8', key, EC_ALGORITHM, false, ['sign']);
  const flags = input.usages.reduce((sum, usage) => sum | (KEY_USAGES[usage] ?? 0), 0);
  const extended = input.usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []);
  const names = request.getExtension(ALTERNATIVE_NAMES);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: input.serialNumber,
    notBefore: new Date(input.notBefore),
    notAfter: new Date(Math.min(input.notAfter, issuer.notAfter.getTime())),
    signingAlgorithm: EC_ALGORITHM,
    subject: request.subject,
    issuer: issuer.subject,
    publicKey: await request.publicKey.export(),
    signingKey,
    extensions: [
      new x509.KeyUsagesExtension(flags, true),
      ...(extended.length > 0 ? [new x509.ExtendedKeyUsageExtension(extended)] : []),
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names ? [new x509.SubjectAlternativeNameExtension(names.rawData)] : []),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}
