/** HTTPS servers of the tests, with an authority of their own. */
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { generateKeyPair } from '../../src/server/certificates/x509.ts';
import { generateFrontProxyAuthority, issueServingCertificate } from '../../src/server/cluster-keys.ts';

export interface TlsServer {
  server: Server;
  /** `127.0.0.1:PORT` */
  address: string;
  /** PEM. */
  ca: string;
  /** The authority in base64, as objects carry it. */
  caBundle: string;
  close(): void;
}

/** Listens on 127.0.0.1 with a certificate for `names`. `clientCa`: asks clients for a certificate of it. */
export async function startTlsServer(
  listener: RequestListener,
  { names = ['localhost'], clientCa }: { names?: string[]; clientCa?: string } = {},
): Promise<TlsServer> {
  const authority = await generateFrontProxyAuthority(systemClock, systemRandom);
  const pair = await generateKeyPair();
  const certificate = await issueServingCertificate(
    { caCertificate: authority.certificate, caKey: authority.key, serviceAccountKeys: [] },
    { names, ips: ['127.0.0.1'], publicKey: pair.publicKey },
    { clock: systemClock, random: systemRandom },
  );
  const server = createServer(
    {
      cert: certificate,
      key: pair.privateKey,
      ...(clientCa ? { ca: clientCa, requestCert: true, rejectUnauthorized: false } : {}),
    },
    listener,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: authority.certificate,
    caBundle: btoa(authority.certificate),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
