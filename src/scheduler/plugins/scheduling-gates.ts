import type { Plugin } from '../framework.ts';

/** Keeps pods with gates out of the queue. Upstream: plugins/schedulinggates. */
export const schedulingGates: Plugin = {
  name: 'SchedulingGates',
  events: ['podChanged'],
  preEnqueue(pod) {
    const gates = pod.spec?.schedulingGates ?? [];
    if (gates.length === 0) return undefined;
    return `waiting for scheduling gates: [${gates.map((gate) => gate.name).join(' ')}]`;
  },
};
