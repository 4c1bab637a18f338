export { type BootstrapDeps, bootstrapCluster } from './bootstrap.ts';
export { apiServiceAddress } from './objects.ts';
