/** A ReplicationController keeps its pods as a ReplicaSet does. */
import { expect, test } from 'vitest';
import { createControllers } from '../../src/controllers/index.ts';
import { type Pod, pods, type ReplicationController, replicationControllers } from '../../src/kinds/index.ts';
import { controllerOf } from '../../src/machinery/meta.ts';
import { createControlledCluster } from './controlled-cluster.ts';

const KEY = { namespace: 'default', name: 'web' };
const labels = { app: 'web' };
const spec = {
  replicas: 2,
  selector: labels,
  template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'c' }] } },
};

test('creates, releases and adopts pods, and tells how many there are', async () => {
  const { admin, settle, writes } = await createControlledCluster({ controllers: createControllers });
  await settle();
  await admin.create<ReplicationController>(replicationControllers, { metadata: KEY, spec });
  await settle();
  const owned = async () =>
    (await admin.list<Pod>(pods, { namespace: 'default' })).items.filter(
      ({ metadata }) => controllerOf(metadata)?.kind === 'ReplicationController',
    );
  const [first, second] = await owned();
  expect([first?.metadata.labels, second?.metadata.labels]).toEqual([labels, labels]);
  const controller = await admin.get(replicationControllers, KEY);
  expect(controller.status).toEqual({ replicas: 2, fullyLabeledReplicas: 2, observedGeneration: 1 });
  expect(controller.spec?.selector).toEqual(labels);
  const name = first?.metadata.name ?? '';
  await admin.patch(pods, { namespace: 'default', name }, { metadata: { labels: { app: 'other' } } });
  await settle();
  expect((await admin.get<Pod>(pods, { namespace: 'default', name })).metadata.ownerReferences).toBeUndefined();
  expect((await owned()).map(({ metadata }) => metadata.name)).not.toContain(name);
  expect(await owned()).toHaveLength(2);
  writes();
  await admin.patch(replicationControllers, KEY, { metadata: { annotations: { seen: 'again' } } });
  await settle();
  expect(writes()).toEqual([]);
});
