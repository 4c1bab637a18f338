import type { ApiTarget } from './api-request.ts';
import type { ClusterState } from './cluster-state.ts';
import type { Output, UpOptions } from './options.ts';
import type { ClusterPaths } from './paths.ts';

/** What the nodes of a local cluster need of it. */
export interface LocalNodesOptions {
  up: UpOptions;
  paths: ClusterPaths;
  target: ApiTarget;
  out: Output;
  signal: AbortSignal;
  state: ClusterState;
  save: () => void;
}
