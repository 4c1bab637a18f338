import { expect, test } from 'vitest';
import { createControllers } from '../../src/controllers/index.ts';
import {
  type CustomResourceDefinition,
  configMaps,
  customResourceDefinitions,
  type Namespace,
  namespaces,
} from '../../src/kinds/index.ts';
import type { KindRef } from '../../src/machinery/kind.ts';
import { createControlledCluster } from './controlled-cluster.ts';

const kindOf = (resource: string, kind: string, namespaced: boolean): KindRef => ({
  ...{ group: 'example.com', version: 'v1', resource, kind, namespaced },
});
const widgets = kindOf('widgets', 'Widget', true);
const planets = kindOf('planets', 'Planet', false);

const definition = ({ resource, kind, namespaced }: KindRef): CustomResourceDefinition => ({
  metadata: { name: `${resource}.example.com` },
  spec: {
    group: 'example.com',
    scope: namespaced ? 'Namespaced' : 'Cluster',
    names: { plural: resource, kind },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } as never } }],
  },
});

async function setUp() {
  const cluster = await createControlledCluster({ controllers: createControllers, caCertificate: 'CA' });
  for (const kind of [widgets, planets]) await cluster.admin.create(customResourceDefinitions, definition(kind));
  await cluster.admin.create<Namespace>(namespaces, { metadata: { name: 'team' }, spec: {} });
  await cluster.settle();
  return cluster;
}

const ownerOf = (kind: KindRef, { name = '', uid = '' }: { name?: string; uid?: string }) => ({
  ...{ apiVersion: 'example.com/v1', kind: kind.kind, name, uid },
});

test('a namespace takes its custom resources along', async () => {
  const { admin, settle } = await setUp();
  await admin.create(widgets, { metadata: { name: 'a', namespace: 'team' } });
  await admin.delete(namespaces, { name: 'team' });
  await settle();
  expect(await admin.find(namespaces, { name: 'team' })).toBeUndefined();
  expect((await admin.list(widgets)).items).toEqual([]);
});

test('custom resources own and are owned, also from the scope of the cluster', async () => {
  const { admin, settle } = await setUp();
  const planet = await admin.create(planets, { metadata: { name: 'p' } });
  const references = [ownerOf(planets, planet.metadata)];
  const widget = await admin.create(widgets, {
    metadata: { name: 'w', namespace: 'team', ownerReferences: references },
  });
  const owned = { name: 'c', namespace: 'team', ownerReferences: [ownerOf(widgets, widget.metadata)] };
  await admin.create(configMaps, { metadata: owned });
  await settle();
  expect(await admin.find(widgets, { namespace: 'team', name: 'w' })).toBeDefined();
  await admin.delete(planets, { name: 'p' });
  await settle();
  expect(await admin.find(widgets, { namespace: 'team', name: 'w' })).toBeUndefined();
  expect(await admin.find(configMaps, { namespace: 'team', name: 'c' })).toBeUndefined();
});

test('what custom resources own goes when their definition does', async () => {
  const { admin, settle } = await setUp();
  const widget = await admin.create(widgets, { metadata: { name: 'w', namespace: 'team' } });
  const owned = { name: 'c', namespace: 'team', ownerReferences: [ownerOf(widgets, widget.metadata)] };
  await admin.create(configMaps, { metadata: owned });
  await settle();
  await admin.delete(customResourceDefinitions, { name: 'widgets.example.com' });
  await settle();
  expect(await admin.find(customResourceDefinitions, { name: 'widgets.example.com' })).toBeUndefined();
  expect(await admin.find(configMaps, { namespace: 'team', name: 'c' })).toBeUndefined();
});
