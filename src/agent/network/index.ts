/** The node's network. */
export { createNetwork, type Network, type NetworkOptions } from './network.ts';
export type { PeerState } from './peer-routes.ts';
export { createServiceStore, followServices, type ServiceStore } from './service-store.ts';
