/** Cluster DNS on the node. */
export { createForwarder, hostResolvers } from './forward.ts';
export type { Zone } from './records.ts';
export { type DnsServer, type DnsServerOptions, startDnsServer } from './server.ts';
