import { describe, expect, it } from 'vitest';
import { createKindRegistry, jobs, nodes, type Pod, pods, services } from '../../src/kinds/index.ts';
import type { KubeObject } from '../../src/machinery/meta.ts';
import { type DefaultsPair, haveFacts, readFacts } from './release-facts.ts';

const NOW = Date.parse('2026-01-01T01:00:00Z');
const CREATED = '2026-01-01T00:00:00Z';

describe.skipIf(!haveFacts)('the row of the minimal', () => {
  const columns = haveFacts
    ? readFacts<Record<string, { columns: unknown[]; cellsOfMinimal?: unknown[] }>>('columns.json')
    : {};
  const pairs = haveFacts ? readFacts<Record<string, DefaultsPair[]>>('defaults.json') : {};
  const registry = createKindRegistry();
  for (const [id, { cellsOfMinimal }] of Object.entries(columns)) {
    const [group = '', version = '', resource = ''] = id.split('/');
    const kind = registry.byResource(group === 'core' ? '' : group, version, resource);
    const out = pairs[id]?.[0]?.out;
    if (!kind || !cellsOfMinimal || !out) continue;
    it(`${id} is upstream's`, () => {
      const object = structuredClone(out) as KubeObject;
      object.metadata.creationTimestamp = CREATED;
      const cells = kind.cells(object, NOW);
      expect(cells).toHaveLength(cellsOfMinimal.length);
      for (const [index, want] of cellsOfMinimal.entries()) {
        // The recorded event is as old as its recording; the others were just made.
        if (want === '<age>') expect(cells[index]).toBe('60m');
        else expect(cells[index]).toEqual(want === '<time>' ? CREATED : want);
      }
    });
  }
});

const pod = (status: Pod['status'], spec: Partial<Pod['spec']> = {}, deletionTimestamp?: string): Pod => ({
  metadata: { name: 'p', creationTimestamp: CREATED, ...(deletionTimestamp ? { deletionTimestamp } : {}) },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], ...spec },
  status,
});
const row = (object: Pod): unknown[] => pods.cells(object, NOW).slice(1, 4);
const finished = { exitCode: 1, finishedAt: '2026-01-01T00:57:00Z' };

describe('the row of a pod', () => {
  it('counts ready containers and restarts, with the time of the last one', () => {
    const status = {
      phase: 'Running',
      containerStatuses: [
        {
          name: 'a',
          ready: true,
          restartCount: 2,
          image: '',
          imageID: '',
          state: { running: {} },
          lastState: { terminated: finished },
        },
        { name: 'b', ready: false, restartCount: 0, image: '', imageID: '', state: { running: {} } },
      ],
    };
    expect(row(pod(status))).toEqual(['1/2', 'Running', '2 (3m ago)']);
  });

  it('names why a container waits or ended', () => {
    const one = (state: object): Pod =>
      pod({
        phase: 'Running',
        containerStatuses: [{ name: 'a', ready: false, restartCount: 0, image: '', imageID: '', state }],
      });
    expect(row(one({ waiting: { reason: 'CrashLoopBackOff' } }))[1]).toBe('CrashLoopBackOff');
    expect(row(one({ terminated: { exitCode: 3 } }))[1]).toBe('ExitCode:3');
    expect(row(one({ terminated: { exitCode: 3, signal: 9 } }))[1]).toBe('Signal:9');
  });

  it('shows how far the init containers are', () => {
    const initContainers = [{ name: 'i' }, { name: 'j' }];
    const init = (state: object): Pod =>
      pod(
        {
          phase: 'Pending',
          initContainerStatuses: [
            { name: 'i', ready: true, restartCount: 0, image: '', imageID: '', state: { terminated: { exitCode: 0 } } },
            { name: 'j', ready: false, restartCount: 0, image: '', imageID: '', state },
          ],
        },
        { initContainers },
      );
    expect(row(init({ running: {} }))[1]).toBe('Init:1/2');
    expect(row(init({ waiting: { reason: 'ImagePullBackOff' } }))[1]).toBe('Init:ImagePullBackOff');
    expect(row(init({ terminated: { exitCode: 1, reason: 'Error' } }))[1]).toBe('Init:Error');
  });

  it('says that a pod is going away, or where it failed', () => {
    expect(row(pod({ phase: 'Running' }, {}, CREATED))[1]).toBe('Terminating');
    expect(row(pod({ phase: 'Failed', reason: 'Evicted' }))[1]).toBe('Evicted');
  });
});

describe('rows', () => {
  it('of a node join its state, roles and address', () => {
    const cells = nodes.cells(
      {
        metadata: {
          name: 'n',
          creationTimestamp: CREATED,
          labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/edge': '' },
        },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
        },
      },
      NOW,
    );
    expect(cells.slice(0, 6)).toEqual(['n', 'Ready,SchedulingDisabled', 'edge,worker', '60m', '', '10.0.0.1']);
  });

  it('of a service show node ports and pending load balancers', () => {
    const spec = {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.9',
      ports: [
        { port: 80, nodePort: 30080, protocol: 'TCP' },
        { port: 53, protocol: 'UDP' },
      ],
    };
    expect(services.cells({ metadata: { name: 's', creationTimestamp: CREATED }, spec }, NOW).slice(1, 5)).toEqual([
      'LoadBalancer',
      '10.96.0.9',
      '<pending>',
      '80:30080/TCP,53/UDP',
    ]);
  });

  it('of a job show how long it ran', () => {
    const status = {
      startTime: CREATED,
      completionTime: '2026-01-01T00:01:05Z',
      succeeded: 1,
      conditions: [{ type: 'Complete', status: 'True' }],
    };
    const cells = jobs.cells(
      {
        metadata: { name: 'j', creationTimestamp: CREATED },
        spec: { completions: 1, template: { spec: { containers: [] } } },
        status,
      },
      NOW,
    );
    expect(cells.slice(1, 4)).toEqual(['Complete', '1/1', '65s']);
  });
});
