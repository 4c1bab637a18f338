import { join } from 'node:path';

/** What a serving certificate is made for. */
export interface CertificateOrder {
  folder: string;
  hosts: string[];
  /** Milliseconds since the epoch. */
  now: number;
}

/** Files of the TLS folder of a cluster; `hosts` says what the certificate was made for. */
export const certificateFiles = (folder: string) => ({
  ca: join(folder, 'ca.crt'),
  caKey: join(folder, 'ca.key'),
  certificate: join(folder, 'tls.crt'),
  key: join(folder, 'tls.key'),
  hosts: join(folder, 'hosts'),
});
