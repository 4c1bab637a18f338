import type { Flag } from './command.ts';

/** Flags that name a local cluster, for every command that works on one. */
export const CLUSTER_FLAGS = {
  name: { type: 'string', value: 'NAME', description: 'Name of the local cluster', default: 'default' },
  data: { type: 'string', value: 'DIR', description: 'Folder that holds local clusters', default: '.kedge' },
} as const satisfies Record<string, Flag>;

export const OUTPUT_FLAG = {
  output: { type: 'string', value: 'FORMAT', description: 'Output format: text or json (short: -o)', default: 'text' },
} as const satisfies Record<string, Flag>;

/** Picks a cluster of the control plane's fleet. */
export const FLEET_FLAG = {
  cluster: {
    type: 'string',
    value: 'CLUSTER',
    description: 'Another cluster of this control plane (kedge cluster list)',
  },
} as const satisfies Record<string, Flag>;
