import { describe, expect, test } from 'vitest';
import { bytesToFree, ImageHistory } from '../../../src/agent/node/image-collection.ts';
import { nodeEvents } from '../../../src/agent/node/node-events.ts';
import { PressureGauge } from '../../../src/agent/node/pressure.ts';
import { type MemoryUse, rankForMemory } from '../../../src/agent/pods/eviction.ts';
import type { Container, Image } from '../../../src/agent/runtime/contract.ts';
import type { NodeStatus, Pod } from '../../../src/kinds/index.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const image = (id: string, more: Partial<Image> = {}): Image => ({
  id,
  repoTags: [`${id}:1`],
  repoDigests: [],
  size: 100,
  username: '',
  pinned: false,
  ...more,
});
const running = (name: string) => ({ image: name, imageRef: name }) as Container;

describe('collecting images', () => {
  test('begins above 85 % of the disk and aims at 80 %', () => {
    expect(bytesToFree({ capacity: 1000, available: 151 })).toBe(0);
    expect(bytesToFree({ capacity: 1000, available: 150 })).toBe(50);
  });

  test('takes what was used the longest ago, never what runs, is pinned or just came', () => {
    const history = new ImageHistory();
    const images = [image('a'), image('b'), image('pause', { pinned: true }), image('used')];
    history.note(images, [running('b:1'), running('used')], 0);
    history.note(images, [running('used')], 100_000);
    const later = [...images, image('new')];
    history.note(later, [running('used')], 130_000);
    expect(history.choose(later, 1000, 130_000).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(history.choose(later, 100, 130_000).map(({ id }) => id)).toEqual(['a']);
  });
});

describe('pressure', () => {
  const plenty = { memoryBytes: 1e10, disk: 0.5, inodes: 0.5 };

  test('is said at once and taken back after five minutes without it', () => {
    const clock = createManualClock();
    const gauge = new PressureGauge(clock);
    expect(gauge.observe(plenty)).toEqual({ memory: false, disk: false });
    expect(gauge.observe({ ...plenty, memoryBytes: 99 * 1024 * 1024 })).toEqual({ memory: true, disk: false });
    clock.advance(299_000);
    expect(gauge.observe(plenty).memory).toBe(true);
    clock.advance(1_000);
    expect(gauge.observe(plenty).memory).toBe(false);
  });

  test.each([
    [{ ...plenty, disk: 0.14 }, true],
    [{ ...plenty, inodes: 0.04 }, true],
    [{ ...plenty, disk: 0.15, inodes: 0.05 }, false],
  ])('of the disk is judged by bytes and inodes: %j', (available, pressed) => {
    expect(new PressureGauge(createManualClock()).observe(available).disk).toBe(pressed);
  });
});

test('who uses more memory than asked for goes first, by priority, then by how much', () => {
  const use = (name: string, usage: number, of: { request?: string; priority?: number } = {}): MemoryUse => {
    const resources = of.request === undefined ? {} : { requests: { memory: of.request } };
    const spec = { priority: of.priority ?? 0, containers: [{ name: 'c', resources }] };
    return { pod: { metadata: { name }, spec } as unknown as Pod, usage };
  };
  const ranked = rankForMemory([
    use('within', 50, { request: '100' }),
    use('critical', 9999, { priority: 2_000_001_000 }),
    use('important', 900, { priority: 10 }),
    use('small', 10),
    use('big', 500, { request: '100' }),
  ]);
  expect(ranked.map(({ pod }) => pod.metadata.name)).toEqual(['big', 'small', 'important', 'within']);
});

test('a node tells of pressures from the start, and of readiness when it changes', () => {
  const status = (ready: string, memory: string) =>
    ({
      conditions: [
        { type: 'MemoryPressure', status: memory },
        { type: 'Ready', status: ready },
      ],
    }) as NodeStatus;
  const told = (before: NodeStatus | undefined, after: NodeStatus) =>
    nodeEvents('n', before, after).map(({ reason }) => reason);
  expect(told(undefined, status('False', 'False'))).toEqual(['NodeHasSufficientMemory']);
  expect(nodeEvents('n', status('False', 'False'), status('True', 'False'))).toEqual([
    { reason: 'NodeReady', message: 'Node n status is now: NodeReady' },
  ]);
  expect(told(status('True', 'False'), status('True', 'False'))).toEqual([]);
  expect(told(status('True', 'False'), status('False', 'True'))).toEqual(['NodeHasInsufficientMemory', 'NodeNotReady']);
});
