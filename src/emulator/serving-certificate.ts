/** TLS of the local API endpoint: a CA of this machine's own and a serving certificate signed by it. */
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CertificateOrder, certificateFiles } from './certificate-files.ts';

export interface ServingCertificate {
  /** PEM, for kubeconfig files and agents. */
  ca: string;
  certificateFile: string;
  keyFile: string;
}

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
  const files = certificateFiles(folder);
  const wanted = hosts.join('\n');
  const result = { certificateFile: files.certificate, keyFile: files.key };
  if (existsSync(files.certificate) && existsSync(files.ca) && readFileSync(files.hosts, 'utf8') === wanted) {
    const current = new X509Certificate(readFileSync(files.certificate));
    if (Date.parse(current.validTo) > now + 30 * DAY) return { ...result, ca: readFileSync(files.ca, 'utf8') };
  }
  await makeInAnotherProcess({ folder, hosts: [...hosts], now });
  return { ...result, ca: readFileSync(files.ca, 'utf8') };
}

/** `kedge up` stays, and would keep the memory that the certificate library takes. */
async function makeInAnotherProcess(order: CertificateOrder): Promise<void> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`./make-certificate.${extension}`, import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(order)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let failure = '';
  child.stderr.on('data', (part: Buffer) => {
    failure += part;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw failureOf(failure);
}

/** The error of the other process, with what tells a full or read-only disk. */
function failureOf(text: string): Error {
  const last = text.trimEnd().split('\n').at(-1) ?? '';
  try {
    const { message, ...facts } = JSON.parse(last) as { message: string };
    return Object.assign(new Error(message), facts);
  } catch {
    return new Error(`the serving certificate could not be made: ${last}`);
  }
}
