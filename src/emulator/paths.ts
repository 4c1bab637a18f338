import { join, resolve } from 'node:path';

/** Files and folders of one local cluster, all below its data folder. */
export interface ClusterPaths {
  root: string;
  /** Pid and port of the running cluster. */
  state: string;
  /** Held by the `kedge up` that runs the cluster. */
  lock: string;
  tls: string;
  adminToken: string;
  kubeconfig: string;
  workerdConfig: string;
  /** Durable Objects on disk. */
  storage: string;
  controlPlaneLog: string;
  nodes: string;
}

/** The paths of cluster `name` below the data folder `data` (`.kedge` unless the user chose another). */
export function clusterPaths(data: string, name: string): ClusterPaths {
  const root = join(resolve(data), name);
  return {
    root,
    state: join(root, 'cluster.json'),
    lock: join(root, 'cluster.lock'),
    tls: join(root, 'tls'),
    adminToken: join(root, 'admin-token'),
    kubeconfig: join(root, 'kubeconfig'),
    workerdConfig: join(root, 'workerd.capnp'),
    storage: join(root, 'storage'),
    controlPlaneLog: join(root, 'control-plane.log'),
    nodes: join(root, 'nodes'),
  };
}
