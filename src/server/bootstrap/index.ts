export { type BootstrapDeps, bootstrapCluster } from './bootstrap.ts';
export { type AdvertisedAddress, apiServiceAddress } from './objects.ts';
