import { expect, test } from 'vitest';
import type { Client } from '../../../src/client/client.ts';
import { applyPlan, type Write } from '../../../src/controllers/runtime/apply-plan.ts';
import type { EventSpec } from '../../../src/controllers/runtime/events.ts';
import { configMaps } from '../../../src/kinds/index.ts';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import { notFound, StatusError } from '../../../src/machinery/status.ts';

const object = (name: string): KubeObject => ({ metadata: { name, namespace: 'ns', uid: `uid-${name}` } });
const creation = (name: string): Write => ({
  type: 'create',
  kind: configMaps,
  object: object(name),
  events: {
    succeeded: ({ metadata }) => said('Normal', `made ${metadata.name}`),
    failed: ({ message }) => said('Warning', message),
  },
});
const said = (type: 'Normal' | 'Warning', message: string): EventSpec => {
  return { kind: configMaps, object: object('x'), type, reason: 'R', message };
};

function setUp(create: (object: KubeObject, attempt: number) => KubeObject) {
  const events: string[] = [];
  let attempts = 0;
  const client = { create: async (_: unknown, made: KubeObject) => create(made, ++attempts) } as unknown as Client;
  return { client, events, event: (spec: EventSpec) => void events.push(spec.message), attempts: () => attempts };
}

test('slow start doubles its batches and ends with the first that fails', async () => {
  const context = setUp((made, attempt) => {
    if (attempt === 5) throw new Error('quota');
    return made;
  });
  const writes = Array.from({ length: 100 }, (_, i) => creation(`c${i}`));
  const { error, results } = await applyPlan({ steps: [{ writes, slowStart: true }] }, context);
  // 1 + 2 + 4, of which the fifth failed.
  expect([context.attempts(), results.length, error?.message]).toEqual([7, 6, 'quota']);
  expect(context.events.filter((message) => message === 'quota')).toHaveLength(1);
});

test('a step starts only when the one before has succeeded', async () => {
  const order: string[] = [];
  const context = setUp((made) => {
    order.push(made.metadata.name ?? '');
    if (made.metadata.name === 'b') throw new Error('no');
    return made;
  });
  const steps = [{ writes: [creation('a')] }, { writes: [creation('b')] }, { writes: [creation('c')] }];
  await applyPlan({ steps }, context);
  expect(order).toEqual(['a', 'b']);
  expect(context.events).toEqual(['made a', 'no']);
});

test('what cannot be created because its namespace goes away is no failure', async () => {
  const context = setUp(() => {
    throw new StatusError(403, 'Forbidden', 'no', { causes: [{ reason: 'NamespaceTerminating' }] });
  });
  expect(await applyPlan({ steps: [{ writes: [creation('a')] }] }, context)).toEqual({ results: [] });
  expect(context.events).toEqual([]);
});

test('deletes name the UID that was read, and one that is gone already is done', async () => {
  const asked: unknown[] = [];
  const client = {
    delete: async (_kind: unknown, key: unknown, options: unknown) => {
      asked.push([key, options]);
      throw notFound({ group: '', kind: 'configmaps' }, 'a');
    },
  } as unknown as Client;
  const write: Write = { type: 'delete', kind: configMaps, object: object('a') };
  const outcome = await applyPlan({ steps: [{ writes: [write] }] }, { client, event: () => {} });
  expect(outcome).toEqual({ results: [] });
  expect(asked).toEqual([[{ namespace: 'ns', name: 'a' }, { preconditions: { uid: 'uid-a' } }]]);
});
