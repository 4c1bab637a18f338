import type { ClusterSettings } from '../machinery/kind.ts';

/** The cluster whose API stands at the root of the server. */
export const DEFAULT_CLUSTER = 'default';

export const DEFAULT_SETTINGS: ClusterSettings = {
  serviceCIDR: '10.96.0.0/16',
  nodePortRange: [30000, 32767],
  serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
  clusterDomain: 'cluster.local',
};
