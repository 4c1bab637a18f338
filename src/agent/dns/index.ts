/** Cluster DNS on the node. */
export { createForwarder, type Forwarder, hostResolvers } from './forward.ts';
export type { Zone } from './records.ts';
export { type DnsServer, type DnsServerOptions, startDnsServer } from './server.ts';
