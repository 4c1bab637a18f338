import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import { StatusError } from '../../../src/machinery/status.ts';
import type { CustomConverter } from '../../../src/server/custom/index.ts';
import { createTestCluster, type TestCluster } from '../../support/cluster.ts';
import { DEFINITIONS, define, definition, openVersion } from './definitions.ts';

const V1 = '/apis/example.com/v1/namespaces/default/widgets';
const V2 = '/apis/example.com/v2/namespaces/default/widgets';

type Widget = KubeObject & { spec?: { size?: number; amount?: string; note?: string } };

const schemaOf = (properties: object) => ({
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } as never },
});

/** `size: 3` in version 1 is `amount: '3'` in version 2. */
function createConverter(): CustomConverter & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    async convert(_source, objects, apiVersion) {
      calls.push(`${objects.length} to ${apiVersion}`);
      if (objects.some(({ metadata }) => metadata.name === 'broken')) throw new StatusError(500, '', 'cannot convert');
      return (objects as Widget[]).map(({ spec = {}, ...rest }) => {
        const { size, amount, ...other } = spec;
        const number = size ?? (amount === undefined ? undefined : Number(amount));
        const converted =
          number === undefined ? {} : apiVersion.endsWith('v1') ? { size: number } : { amount: String(number) };
        return { ...rest, apiVersion, spec: { ...other, ...converted } };
      });
    },
  };
}

async function setUp(): Promise<{ cluster: TestCluster; converter: ReturnType<typeof createConverter> }> {
  const converter = createConverter();
  const cluster = await createTestCluster({ parts: { converter } });
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'default' } } });
  const note = { note: { type: 'string' } };
  await define(
    cluster,
    definition({
      versions: [
        openVersion('v1', schemaOf({ size: { type: 'integer' }, ...note })),
        openVersion('v2', schemaOf({ amount: { type: 'string' }, ...note })),
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://example.com/convert' } },
      },
    }),
  );
  return { cluster, converter };
}

const widgetIn = (version: string, name: string, spec: object): KubeObject => ({
  ...{ apiVersion: `example.com/${version}`, kind: 'Widget', metadata: { name }, spec },
});

describe('webhook conversion', () => {
  it('shows each object in the version that is asked for, and asks nobody for the stored one', async () => {
    const { cluster, converter } = await setUp();
    await cluster.send(`POST ${V1}`, { body: widgetIn('v1', 'a', { size: 3 }) });
    expect((await cluster.send<Widget>(`GET ${V1}/a`)).body.spec).toEqual({ size: 3 });
    expect(converter.calls).toEqual([]);
    expect((await cluster.send<Widget>(`GET ${V2}/a`)).body).toMatchObject({
      ...{ apiVersion: 'example.com/v2', spec: { amount: '3' } },
    });
    const created = await cluster.send<Widget>(`POST ${V2}`, { body: widgetIn('v2', 'b', { amount: '4' }) });
    expect(created.body.spec).toEqual({ amount: '4' });
    expect((await cluster.send<Widget>(`GET ${V1}/b`)).body.spec).toEqual({ size: 4 });
  });

  it('selects in each version by the fields that it has there', async () => {
    const { cluster, converter } = await setUp();
    const name = `${DEFINITIONS}/widgets.example.com`;
    const { body: present } = await cluster.send<KubeObject & { spec: { versions: object[] } }>(`GET ${name}`);
    const fields = ['.spec.size', '.spec.amount'];
    const versions = present.spec.versions.map((version, i) => ({
      ...version,
      selectableFields: [{ jsonPath: fields[i] }],
    }));
    await cluster.send(`PUT ${name}`, { body: { ...present, spec: { ...present.spec, versions } } });
    const select = (path: string, field: string) => `${path}?fieldSelector=${encodeURIComponent(field)}`;
    const watched = await cluster.fetch(`GET ${select(V2, 'spec.amount=3')}&watch=1&timeoutSeconds=1`);
    await cluster.send(`POST ${V1}`, { body: widgetIn('v1', 'a', { size: 3 }) });
    await cluster.send(`POST ${V2}`, { body: widgetIn('v2', 'b', { amount: '3' }) });
    await cluster.send(`POST ${V2}`, { body: widgetIn('v2', 'c', { amount: '4' }) });
    const names = async (request: string) =>
      (await cluster.send<KubeObject & { items: Widget[] }>(`GET ${request}`)).body.items.map(
        ({ metadata }) => metadata.name,
      );
    expect(await names(select(V1, 'spec.size=3'))).toEqual(['a', 'b']);
    expect(await names(select(V2, 'spec.amount=3'))).toEqual(['a', 'b']);
    expect(await names(select(V2, 'spec.amount!=3'))).toEqual(['c']);
    await cluster.send(`PATCH ${V1}/a`, { body: { spec: { size: 5 } } });
    await cluster.send(`DELETE ${V2}/b`);
    await cluster.clock.advance(1_000);
    const events = (await watched.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type, object }) => [type, object.metadata.name, object.apiVersion])).toEqual([
      ['ADDED', 'a', 'example.com/v2'],
      ['ADDED', 'b', 'example.com/v2'],
      ['DELETED', 'a', 'example.com/v2'],
      ['DELETED', 'b', 'example.com/v2'],
    ]);
    expect(converter.calls.length).toBeGreaterThan(0);
    // A webhook that fails for the other version keeps nobody from writing this one.
    expect((await cluster.send(`POST ${V1}`, { body: widgetIn('v1', 'broken', { size: 1 }) })).status).toBe(201);
  });

  it('converts a list by one call', async () => {
    const { cluster, converter } = await setUp();
    for (const name of ['a', 'b', 'c']) await cluster.send(`POST ${V1}`, { body: widgetIn('v1', name, { size: 1 }) });
    const { body } = await cluster.send<KubeObject & { items: Widget[] }>(`GET ${V2}`);
    expect(body.items.map(({ spec }) => spec)).toEqual([{ amount: '1' }, { amount: '1' }, { amount: '1' }]);
    expect(converter.calls).toEqual(['3 to example.com/v2']);
  });

  it('updates through the other version without touching what did not change', async () => {
    const { cluster } = await setUp();
    await cluster.send(`POST ${V1}`, { body: widgetIn('v1', 'a', { size: 3, note: 'n' }) });
    const before = (await cluster.send<Widget>(`GET ${V2}/a`)).body;
    const same = await cluster.send<Widget>(`PUT ${V2}/a`, { body: before });
    expect(same.body.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    const { body } = await cluster.send<Widget>(`PATCH ${V2}/a`, { body: { spec: { amount: '9' } } });
    expect(body).toMatchObject({ spec: { amount: '9', note: 'n' }, metadata: { generation: 2 } });
    expect((await cluster.send<Widget>(`GET ${V1}/a`)).body.spec).toEqual({ size: 9, note: 'n' });
  });

  it('sends events of a watch in their order and its version', async () => {
    const { cluster } = await setUp();
    const response = await cluster.fetch(`GET ${V2}?watch=1&timeoutSeconds=5`);
    await cluster.send(`POST ${V1}`, { body: widgetIn('v1', 'a', { size: 1 }) });
    await cluster.send(`PATCH ${V1}/a`, { body: { spec: { size: 2 } } });
    await cluster.send(`DELETE ${V1}/a`);
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let text = '';
    while (text.split('\n').length < 4) text += decoder.decode((await reader.read()).value);
    await reader.cancel();
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; object: Widget });
    expect(events.map(({ type, object }) => [type, object.apiVersion, object.spec?.amount])).toEqual([
      ['ADDED', 'example.com/v2', '1'],
      ['MODIFIED', 'example.com/v2', '2'],
      ['DELETED', 'example.com/v2', '2'],
    ]);
  });

  it('tells managers of fields apart across versions', async () => {
    const { cluster } = await setUp();
    const apply = (path: string, manager: string, body: KubeObject) =>
      cluster.send<Widget>(`PATCH ${path}/a?fieldManager=${manager}`, { body, type: 'apply' });
    await apply(V1, 'one', widgetIn('v1', 'a', { size: 3 }));
    expect((await apply(V2, 'two', widgetIn('v2', 'a', { note: 'n' }))).body.spec).toEqual({ amount: '3', note: 'n' });
    const conflict = await apply(V2, 'two', widgetIn('v2', 'a', { amount: '5' }));
    expect(conflict).toMatchObject({
      status: 409,
      body: { message: 'Apply failed with 1 conflict: conflict with "one": .spec.size' },
    });
  });

  it('answers what the webhook says when it fails, and goes on serving the stored version', async () => {
    const { cluster } = await setUp();
    expect((await cluster.send(`POST ${V1}`, { body: widgetIn('v1', 'broken', { size: 1 }) })).status).toBe(201);
    expect(await cluster.send(`GET ${V2}/broken`)).toMatchObject({ status: 500, body: { message: 'cannot convert' } });
    expect((await cluster.send(`GET ${V2}`)).status).toBe(500);
    expect((await cluster.send(`GET ${V1}`)).status).toBe(200);
  });

  it('reads objects that lie in a version which is no longer the stored one', async () => {
    const { cluster, converter } = await setUp();
    await cluster.send(`POST ${V1}`, { body: widgetIn('v1', 'a', { size: 3 }) });
    const { body } = await cluster.send<KubeObject & { spec: { versions: object[] } }>(
      `GET ${DEFINITIONS}/widgets.example.com`,
    );
    const versions = body.spec.versions.map((version, index) => ({ ...version, storage: index === 1 }));
    await cluster.send(`PATCH ${DEFINITIONS}/widgets.example.com`, { body: { spec: { versions } } });
    converter.calls.length = 0;
    expect((await cluster.send<Widget>(`GET ${V1}/a`)).body.spec).toEqual({ size: 3 });
    expect(converter.calls).toEqual([]);
    expect((await cluster.send<Widget>(`GET ${V2}/a`)).body.spec).toEqual({ amount: '3' });
    expect((await cluster.send(`DELETE ${DEFINITIONS}/widgets.example.com`)).status).toBe(200);
    expect((await cluster.send(`GET ${DEFINITIONS}/widgets.example.com`)).status).toBe(404);
  });
});
