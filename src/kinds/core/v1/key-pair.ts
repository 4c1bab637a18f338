/** Whether a certificate and a key are framed as a pair. Upstream: crypto/tls X509KeyPair. */
import { pemBlocks } from '../../certificates/v1/pem.ts';

const CERTIFICATE = 'CERTIFICATE';
const KEY = 'PRIVATE KEY';
/** The first byte of a DER sequence, which certificates and keys are. */
const SEQUENCE = 0x30;

const blocksOf = (base64: string): ReturnType<typeof pemBlocks> => pemBlocks(atob(base64));

/** What is wrong with the pair, each in base64; undefined when both are there. Whether they match is not looked into. */
export function keyPairFault(certificate: string, key: string): string | undefined {
  const blocks = blocksOf(certificate);
  const [leaf] = blocks.filter(({ type }) => type === CERTIFICATE);
  if (!leaf) return missingCertificate(blocks.map(({ type }) => type));
  const keys = blocksOf(key);
  const secret = keys.find(({ type }) => type === KEY || type.endsWith(` ${KEY}`));
  if (!secret) return missingKey(keys.map(({ type }) => type));
  if (leaf.bytes[0] !== SEQUENCE) return 'x509: malformed certificate';
  return secret.bytes[0] === SEQUENCE ? undefined : 'tls: failed to parse private key';
}

function missingCertificate(skipped: readonly string[]): string {
  if (skipped.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (skipped.length === 1 && skipped[0]?.endsWith(KEY))
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  return `tls: failed to find "${CERTIFICATE}" PEM block in certificate input after skipping PEM blocks of the following types: [${skipped.join(' ')}]`;
}

function missingKey(skipped: readonly string[]): string {
  if (skipped.length === 0) return 'tls: failed to find any PEM data in key input';
  if (skipped.length === 1 && skipped[0] === CERTIFICATE)
    return 'tls: found a certificate rather than a key in the PEM for the private key';
  return `tls: failed to find PEM block with type ending in "${KEY}" in key input after skipping PEM blocks of the following types: [${skipped.join(' ')}]`;
}
