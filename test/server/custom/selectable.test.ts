import { expect, test } from 'vitest';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import { createTestCluster } from '../../support/cluster.ts';
import { DEFINITIONS, define, definition, openVersion, WIDGETS, widget } from './definitions.ts';

type List = KubeObject & { items: KubeObject[]; metadata: { continue?: string } };

const names = ({ items }: List): (string | undefined)[] => items.map(({ metadata }) => metadata.name);

const colours = (selectable: boolean) =>
  openVersion('v1', {
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec: { type: 'object', properties: { colour: { type: 'string' } } } },
      } as never,
    },
    ...(selectable ? { selectableFields: [{ jsonPath: '.spec.colour' }] } : {}),
  });

test('a field that became selectable later selects what was there before, page by page', async () => {
  const cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'default' } } });
  await define(cluster, definition({ versions: [colours(false)] }));
  for (const [index, colour] of ['red', 'blue', 'red', 'blue', 'red'].entries())
    await cluster.send(`POST ${WIDGETS}`, { body: widget(`w${index}`, { spec: { colour } }) });
  await cluster.send(`POST ${WIDGETS}`, { body: widget('w5', { spec: {} }) });
  const selector = 'fieldSelector=spec.colour%3Dred';
  expect((await cluster.send(`GET ${WIDGETS}?${selector}`)).status).toBe(400);
  const patch = { spec: { versions: [colours(true)] } };
  expect((await cluster.send(`PATCH ${DEFINITIONS}/widgets.example.com`, { body: patch })).status).toBe(200);
  expect(names((await cluster.send<List>(`GET ${WIDGETS}?${selector}`)).body)).toEqual(['w0', 'w2', 'w4']);
  expect(names((await cluster.send<List>(`GET ${WIDGETS}?fieldSelector=spec.colour!=red`)).body)).toEqual([
    ...['w1', 'w3', 'w5'],
  ]);
  const first = (await cluster.send<List>(`GET ${WIDGETS}?${selector}&limit=2`)).body;
  expect(names(first)).toEqual(['w0', 'w2']);
  const token = encodeURIComponent(first.metadata.continue ?? '');
  const second = (await cluster.send<List>(`GET ${WIDGETS}?${selector}&limit=2&continue=${token}`)).body;
  expect(names(second)).toEqual(['w4']);
  expect(second.metadata.continue).toBe('');
});

test('a field selector limits what a collection loses', async () => {
  const cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'default' } } });
  await define(cluster, definition({ versions: [colours(true)] }));
  for (const colour of ['red', 'blue'])
    await cluster.send(`POST ${WIDGETS}`, { body: widget(colour, { spec: { colour } }) });
  await cluster.send(`DELETE ${WIDGETS}?fieldSelector=spec.colour%3Dred`);
  expect(names((await cluster.send<List>(`GET ${WIDGETS}`)).body)).toEqual(['blue']);
});
