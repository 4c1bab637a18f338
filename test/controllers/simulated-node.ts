/** A scheduler and a kubelet in a few lines: pods are bound, run, become ready and end when they are deleted. */
import type { Client } from '../../src/client/client.ts';
import { nodes, type Pod, pods } from '../../src/kinds/index.ts';
import type { ManualClock } from '../support/manual-clock.ts';

export interface SimulatedNode {
  /** Brings every pod one step on; true when there was something to do. */
  step(): Promise<boolean>;
  /** Puts a ready Node into the cluster. */
  join(): Promise<void>;
  /** Whether a pod becomes ready; all do unless told. */
  ready: (pod: Pod) => boolean;
}

export function createSimulatedNode(client: Client, clock: ManualClock, name = 'node-1'): SimulatedNode {
  const time = () => new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const node: SimulatedNode = {
    ready: () => true,
    async join() {
      await client.create(nodes, { metadata: { name }, spec: {} });
      const condition = { type: 'Ready', status: 'True', lastHeartbeatTime: time(), lastTransitionTime: time() };
      await client.patch(nodes, { name }, { status: { conditions: [condition] } }, { subresource: 'status' });
    },
    async step() {
      let worked = false;
      for (const pod of (await client.list<Pod>(pods)).items) {
        const key = { namespace: pod.metadata.namespace, name: pod.metadata.name ?? '' };
        if (pod.metadata.deletionTimestamp) {
          await client.delete(pods, key, { gracePeriodSeconds: 0 });
          worked = true;
        } else if (!pod.spec?.nodeName) {
          const target = { apiVersion: 'v1', kind: 'Node', name };
          const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: key.name }, target };
          await client.createSubresource(pods, key, 'binding', binding);
          worked = true;
        } else if (wantsStatus(pod, node.ready(pod))) {
          const ready = node.ready(pod);
          const condition = { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: time() };
          const number = Number.parseInt(pod.metadata.uid?.slice(0, 2) ?? '0', 16);
          const status = {
            phase: 'Running',
            conditions: [condition],
            podIP: `10.244.1.${number}`,
            podIPs: [{ ip: `10.244.1.${number}` }],
          };
          await client.patch(pods, key, { status }, { type: 'merge', subresource: 'status' });
          worked = true;
        }
      }
      return worked;
    },
  };
  return node;
}

function wantsStatus(pod: Pod, ready: boolean): boolean {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  return pod.status?.phase !== 'Running' || (condition?.status === 'True') !== ready;
}
