/** A program of its own: makes the serving certificate that the JSON in its argument orders, and the authority when there is none. */
import { webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type CertificateOrder, certificateFiles } from './certificate-files.ts';
import { x509 } from './x509.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;

async function makeCertificate({ folder, hosts, now }: CertificateOrder): Promise<void> {
  const files = certificateFiles(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const authority = await loadAuthority(files.ca, files.caKey, now);
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
  writeFileSync(files.hosts, hosts.join('\n'));
}

async function loadAuthority(certificateFile: string, keyFile: string, now: number) {
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

try {
  await makeCertificate(JSON.parse(process.argv[2] ?? '') as CertificateOrder);
} catch (error) {
  const { message, code, path, syscall } = error as NodeJS.ErrnoException;
  process.stderr.write(`${JSON.stringify({ message, code, path, syscall })}\n`);
  process.exitCode = 1;
}
