/** Cluster DNS on the node. */
export { createForwarder, type Forwarder, hostResolvers } from './forward.ts';
export { ensureKubeDnsService, KUBE_DNS } from './kube-dns-service.ts';
export type { Zone } from './records.ts';
export { type DnsServer, type DnsServerOptions, startDnsServer } from './server.ts';
