import type { ClusterSettings, StrategyContext } from '../../src/machinery/kind.ts';

export const TEST_SETTINGS: ClusterSettings = {
  serviceCIDR: '10.96.0.0/16',
  nodePortRange: [30000, 32767],
  serviceAccountIssuer: 'https://kubernetes.default.svc.cluster.local',
  clusterDomain: 'cluster.local',
};

/** What the strategies of a kind are told of a request; a user without groups writes at the epoch, unless said. */
export const strategyContext = (given: Partial<StrategyContext> = {}): StrategyContext => ({
  now: 0,
  user: { name: 'u', groups: [] },
  namespace: 'n',
  uuid: () => 'u',
  dryRun: false,
  config: TEST_SETTINGS,
  ...given,
});
