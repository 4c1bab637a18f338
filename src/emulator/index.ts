export { type ApiTarget, apiRequest } from './api-request.ts';
export { runCluster } from './cluster.ts';
export { type ClusterState, readRunningState, readState } from './cluster-state.ts';
export { UserError } from './errors.ts';
export { createJoinToken } from './join-token.ts';
export { mergeKubeconfig, renderKubeconfig, writeKubeconfig } from './kubeconfig.ts';
export type { Output, UpOptions } from './options.ts';
export { endOrphans } from './orphans.ts';
export { clusterPaths } from './paths.ts';
