import { describe, expect, it } from 'vitest';
import type { Pod } from '../../src/kinds/index.ts';
import { defaultPlugins } from '../../src/scheduler/index.ts';
import { SchedulingQueue } from '../../src/scheduler/queue.ts';

const pod = (name: string, spec: Record<string, unknown> = {}, generation = 1): Pod =>
  ({ metadata: { name, namespace: 'd', uid: name, generation }, spec }) as unknown as Pod;

const keys = (items: { key: string }[]) => items.map((item) => item.key);

describe('SchedulingQueue', () => {
  it('tries higher priority first, then the older', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put('old', pod('old'), 1);
    queue.put('new', pod('new'), 2);
    queue.put('high', pod('high', { priority: 5 }), 3);
    expect(keys(queue.due(10, 9))).toEqual(['high', 'old', 'new']);
  });

  it('keeps a refused pod parked until an event its plugins care for, and then for its back-off', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put('p', pod('p'), 0);
    queue.park('p', new Set(['NodePorts']), 0);
    queue.happened('nodeChanged');
    expect(queue.due(5_000, 9)).toEqual([]);
    queue.happened('podRemoved');
    expect(queue.due(500, 9)).toEqual([]);
    expect(keys(queue.due(1_000, 9))).toEqual(['p']);
    expect(queue.nextDue()).toBe(1_000);
  });

  it('doubles the back-off up to ten seconds', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put('p', pod('p'), 0);
    const waits = [1, 2, 3, 4, 5, 6].map(() => {
      queue.retry('p', 0);
      return queue.nextDue();
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('leaves gated pods out and schedules no time for them', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put('p', pod('p', { schedulingGates: [{ name: 'g' }] }), 0);
    expect(queue.due(1e9, 9)).toEqual([]);
    expect(queue.nextDue()).toBeUndefined();
    queue.put('p', pod('p', {}, 2), 5);
    expect(keys(queue.due(5, 9))).toEqual(['p']);
  });

  it('starts afresh for a new pod of the same name', () => {
    const queue = new SchedulingQueue(defaultPlugins);
    queue.put('p', pod('p'), 0);
    queue.park('p', new Set(['NodeName']), 0);
    queue.put('p', { ...pod('p'), metadata: { name: 'p', namespace: 'd', uid: 'other' } } as Pod, 1);
    expect(keys(queue.due(1, 9))).toEqual(['p']);
  });
});
