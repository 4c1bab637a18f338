import type { Command } from '../command.ts';
import { audit } from './audit.ts';
import { clusterCreate } from './cluster-create.ts';
import { clusterDelete } from './cluster-delete.ts';
import { clusterList } from './cluster-list.ts';
import { createCompletion } from './completion.ts';
import { configGet, configSet, configUnset } from './config.ts';
import { deleteCluster, down } from './down.ts';
import { imageLoad } from './image-load.ts';
import { kubeconfig } from './kubeconfig.ts';
import { nodeJoin } from './node-join.ts';
import { status } from './status.ts';
import { tokenCreate } from './token-create.ts';
import { up } from './up.ts';
import { version } from './version.ts';

/** Every command, in the order of help. */
export const commands: readonly Command[] = [
  up,
  down,
  status,
  deleteCluster,
  tokenCreate,
  nodeJoin,
  imageLoad,
  clusterCreate,
  clusterList,
  clusterDelete,
  kubeconfig,
  configSet,
  configGet,
  configUnset,
  audit,
  version,
  createCompletion(() => commands),
];
