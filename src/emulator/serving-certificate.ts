/** TLS of the local API endpoint: a CA of this machine's own and a serving certificate signed by it. */
import { webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type X509 = typeof import('./x509.ts')['x509'];

export interface ServingCertificate {
  /** PEM, for kubeconfig files and agents. */
  ca: string;
  certificateFile: string;
  keyFile: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;

/**
 * The serving certificate in `folder`, made on first use and renewed when it expires within 30 days or does not
 * cover one of `hosts`.
 */
export async function ensureServingCertificate(
  folder: string,
  hosts: readonly string[],
  now: number,
): Promise<ServingCertificate> {
  const files = {
    ca: join(folder, 'ca.crt'),
    caKey: join(folder, 'ca.key'),
    certificate: join(folder, 'tls.crt'),
    key: join(folder, 'tls.key'),
    hosts: join(folder, 'hosts'),
  };
  const wanted = hosts.join('\n');
  const result = { certificateFile: files.certificate, keyFile: files.key };
  if (existsSync(files.certificate) && existsSync(files.ca) && readFileSync(files.hosts, 'utf8') === wanted) {
    const current = new X509Certificate(readFileSync(files.certificate));
    if (Date.parse(current.validTo) > now + 30 * DAY) return { ...result, ca: readFileSync(files.ca, 'utf8') };
  }
  // Loaded here, so that `kedge up`, which stays, does not hold it.
  const { x509 } = await import('./x509.ts');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authority = await loadAuthority(x509, { certificateFile: files.ca, keyFile: files.caKey, now });
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=kedge-apiserver',
    issuer: authority.certificate.subject,
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + 365 * DAY),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: authority.key,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: /^[\d.]+$|:/.test(host) ? 'ip' : 'dns', value: host }) as const),
      ),
    ],
  });
  writeFileSync(files.certificate, certificate.toString('pem'));
  writeFileSync(files.key, await pemOfKey(keys.privateKey), { mode: 0o600 });
  writeFileSync(files.hosts, wanted);
  return { ...result, ca: readFileSync(files.ca, 'utf8') };
}

async function loadAuthority(
  x509: X509,
  { certificateFile, keyFile, now }: { certificateFile: string; keyFile: string; now: number },
) {
  if (existsSync(certificateFile) && existsSync(keyFile)) {
    const key = await webcrypto.subtle.importKey('pkcs8', derOfPem(readFileSync(keyFile, 'utf8')), ALGORITHM, false, [
      'sign',
    ]);
    return { certificate: new x509.X509Certificate(readFileSync(certificateFile, 'utf8')), key };
  }
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=kedge-local-ca',
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + 3650 * DAY),
    signingAlgorithm: ALGORITHM,
    keys: keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  writeFileSync(certificateFile, certificate.toString('pem'));
  writeFileSync(keyFile, await pemOfKey(keys.privateKey), { mode: 0o600 });
  return { certificate, key: keys.privateKey };
}

async function pemOfKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

function derOfPem(pem: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
}
