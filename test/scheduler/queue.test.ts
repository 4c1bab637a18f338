import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '../../src/kinds/index.ts';
import type { NodeInfo } from '../../src/scheduler/framework.ts';
import { defaultPlugins } from '../../src/scheduler/index.ts';
import { type Attempt, SchedulingQueue } from '../../src/scheduler/queue.ts';
import { Snapshot } from '../../src/scheduler/snapshot.ts';

const pod = (name: string, spec: Record<string, unknown> = {}, generation = 1): Pod =>
  ({ metadata: { name, namespace: 'd', uid: name, generation }, spec }) as unknown as Pod;

const keys = (items: readonly Attempt[]) => items.map(({ info }) => info.pod.metadata.name);

function nodeOf(name: string, cpu: string): NodeInfo {
  const snapshot = new Snapshot();
  snapshot.setNode({ metadata: { name }, spec: {}, status: { allocatable: { cpu, pods: '10' } } } as Node);
  return snapshot.node(name) as NodeInfo;
}

describe('SchedulingQueue', () => {
  it('tries higher priority first, then the older', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put(pod('old'), 1);
    queue.put(pod('new'), 2);
    queue.put(pod('high', { priority: 5 }), 3);
    expect(keys(queue.take(10, 9))).toEqual(['high', 'old', 'new']);
  });

  it('keeps a refused pod parked until an event that its plugins care for, on a node that they take now', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put(pod('p', { containers: [{ name: 'c', resources: { requests: { cpu: '2' } } }] }), 0);
    queue.take(0, 9);
    queue.park('d/p', new Set(['NodeResourcesFit']), 0);
    queue.happened('nodeChanged', nodeOf('small', '1'));
    expect(queue.take(5_000, 9)).toEqual([]);
    queue.happened('nodeChanged', nodeOf('large', '4'));
    expect(keys(queue.take(5_000, 9))).toEqual(['p']);
  });

  it('waits out a back-off only while there are other pods to try, unless the API failed', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    for (const name of ['helped', 'failed']) queue.put(pod(name), 0);
    queue.take(0, 9);
    queue.park('d/helped', new Set(), 0);
    queue.retry('d/failed', 0);
    queue.happened('podRemoved');
    queue.put(pod('fresh'), 10);
    expect(keys(queue.take(10, 9))).toEqual(['fresh']);
    expect(keys(queue.take(10, 9))).toEqual(['helped']);
    expect(queue.take(10, 9)).toEqual([]);
    expect(keys(queue.take(1_000, 9))).toEqual(['failed']);
  });

  it('tries parked pods again after five minutes, whatever happened', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put(pod('p'), 0);
    queue.take(0, 9);
    queue.park('d/p', new Set(['NodeName']), 7);
    expect(queue.nextDue()).toBe(300_007);
    expect(queue.take(300_006, 9)).toEqual([]);
    expect(queue.take(300_007, 9)).toMatchObject([{ attempts: 1 }]);
  });

  it('hands a pod out once', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put(pod('p'), 0);
    expect(keys(queue.take(0, 9))).toEqual(['p']);
    queue.put(pod('p', {}, 2), 1);
    expect(queue.take(1, 9)).toEqual([]);
  });

  it('doubles the back-off up to ten seconds', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put(pod('p'), 0);
    const waits = [1, 2, 3, 4, 5, 6].map(() => {
      queue.retry('d/p', 0);
      return queue.nextDue();
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('leaves gated pods out and schedules no time for them', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put(pod('p', { schedulingGates: [{ name: 'g' }] }), 0);
    expect(queue.take(1e9, 9)).toEqual([]);
    expect(queue.nextDue()).toBeUndefined();
    queue.put(pod('p', {}, 2), 5);
    expect(keys(queue.take(5, 9))).toEqual(['p']);
  });

  it('starts afresh for a new pod of the same name', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put(pod('p'), 0);
    queue.park('d/p', new Set(['NodeName']), 0);
    queue.put({ ...pod('p'), metadata: { name: 'p', namespace: 'd', uid: 'other' } } as Pod, 1);
    expect(keys(queue.take(1, 9))).toEqual(['p']);
  });
});
