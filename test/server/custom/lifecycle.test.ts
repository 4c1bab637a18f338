import { describe, expect, it } from 'vitest';
import type { CustomResourceDefinition } from '../../../src/kinds/index.ts';
import type { KubeObject } from '../../../src/machinery/meta.ts';
import { createServer } from '../../../src/server/index.ts';
import { createTestCluster, type TestCluster, toRequest } from '../../support/cluster.ts';
import { conditionsOf, DEFINITIONS, define, definition, openVersion, WIDGETS, widget } from './definitions.ts';

type Definition = CustomResourceDefinition & KubeObject;

async function clusterWithDefault(): Promise<TestCluster> {
  const cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'default' } } });
  return cluster;
}

/** Another server of the same cluster, as another isolate has it. */
function second(cluster: TestCluster) {
  const server = createServer(cluster.options);
  return async (line: string, body?: unknown) => {
    const response = await server.fetch(toRequest(line, body === undefined ? {} : { body }));
    return { status: response.status, text: await response.text() };
  };
}

describe('a definition', () => {
  it('starts without conditions and is established when its creation is answered', async () => {
    const cluster = await clusterWithDefault();
    const { body } = await cluster.send<Definition>(`POST ${DEFINITIONS}`, { body: definition() });
    expect(body.status?.conditions).toBeNull();
    expect(await conditionsOf(cluster)).toEqual([
      'NamesAccepted=True/NoConflicts',
      'Established=True/InitialNamesAccepted',
    ]);
    expect((await cluster.send(`POST ${WIDGETS}`, { body: widget('a') })).status).toBe(201);
  });

  it('is known to other servers of the cluster at once, and so is its end', async () => {
    const cluster = await clusterWithDefault();
    const other = second(cluster);
    expect((await other(`GET ${WIDGETS}`)).status).toBe(404);
    await define(cluster, definition());
    expect((await other(`GET ${WIDGETS}`)).status).toBe(200);
    await cluster.send(`DELETE ${DEFINITIONS}/widgets.example.com`);
    const late = await other(`POST ${WIDGETS}`, widget('late'));
    expect(late.status).toBeGreaterThanOrEqual(403);
    expect((await other(`GET ${WIDGETS}`)).status).toBe(404);
  });

  it('waits for names that another one of its group holds, and gets them when that one goes', async () => {
    const cluster = await clusterWithDefault();
    await define(cluster, definition({ names: { plural: 'widgets', kind: 'Widget', shortNames: ['w'] } }));
    await define(cluster, definition({ names: { plural: 'wodgets', kind: 'Widget', shortNames: ['w', 'wo'] } }));
    expect(await conditionsOf(cluster, 'wodgets.example.com')).toEqual([
      'NamesAccepted=False/ListKindConflict',
      'Established=False/NotAccepted',
    ]);
    expect((await cluster.send(`GET ${WIDGETS.replace('widgets', 'wodgets')}`)).status).toBe(404);
    await cluster.send(`DELETE ${DEFINITIONS}/widgets.example.com`);
    expect(await conditionsOf(cluster, 'wodgets.example.com')).toEqual([
      'NamesAccepted=True/NoConflicts',
      'Established=True/InitialNamesAccepted',
    ]);
    const { body } = await cluster.send<Definition>(`GET ${DEFINITIONS}/wodgets.example.com`);
    expect(body.status?.acceptedNames?.shortNames).toEqual(['w', 'wo']);
  });

  it('never shares names with one that was created at the same time', async () => {
    const cluster = await clusterWithDefault();
    const other = second(cluster);
    await Promise.all([
      define(cluster, definition({ names: { plural: 'as', kind: 'Same' } })),
      other(`POST ${DEFINITIONS}`, definition({ names: { plural: 'bs', kind: 'Same' } })),
    ]);
    const states = [
      ...(await conditionsOf(cluster, 'as.example.com')),
      ...(await conditionsOf(cluster, 'bs.example.com')),
    ];
    expect(states.filter((state) => state === 'Established=True/InitialNamesAccepted')).toHaveLength(1);
  });

  it('keeps an established kind when it asks for a name that is taken', async () => {
    const cluster = await clusterWithDefault();
    await define(cluster, definition({ names: { plural: 'gadgets', kind: 'Gadget' } }));
    await define(cluster, definition());
    const patch = { spec: { names: { shortNames: ['gadgets'] } } };
    await cluster.send(`PATCH ${DEFINITIONS}/widgets.example.com`, { body: patch });
    expect(await conditionsOf(cluster)).toEqual([
      'NamesAccepted=False/ShortNamesConflict',
      'Established=True/InitialNamesAccepted',
    ]);
    expect((await cluster.send(`POST ${WIDGETS}`, { body: widget('a') })).status).toBe(201);
  });
});

describe('the deletion of a definition', () => {
  it('takes the objects along and leaves those with finalizers to their owners', async () => {
    const cluster = await clusterWithDefault();
    await define(cluster, definition());
    await cluster.send(`POST ${WIDGETS}`, { body: widget('plain') });
    await cluster.send(`POST ${WIDGETS}`, { body: widget('held', { metadata: { finalizers: ['example.com/hold'] } }) });
    const { body } = await cluster.send<Definition>(`DELETE ${DEFINITIONS}/widgets.example.com`);
    expect(body.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    expect(body.status?.conditions?.at(-1)).toMatchObject({ type: 'Terminating', reason: 'InstanceDeletionPending' });
    expect((await cluster.send(`GET ${WIDGETS}/plain`)).status).toBe(404);
    expect(await conditionsOf(cluster)).toContain('Terminating=True/InstanceDeletionInProgress');
    const refused = await cluster.send(`POST ${WIDGETS}`, { body: widget('new') });
    expect(refused).toMatchObject({
      status: 403,
      body: {
        message:
          'widgets.example.com "new" is forbidden: create not allowed while custom resource definition is terminating',
      },
    });
    await cluster.send(`PATCH ${WIDGETS}/held`, { body: { metadata: { finalizers: null } } });
    expect((await cluster.send(`GET ${DEFINITIONS}/widgets.example.com`)).status).toBe(404);
  });

  it('goes on when a request finds it half done', async () => {
    const cluster = await clusterWithDefault();
    await define(cluster, definition());
    await cluster.send(`POST ${WIDGETS}`, { body: widget('a') });
    const crashing = createServer(cluster.options, {
      definitions: {
        written: async () => undefined,
        catchUp: async () => undefined,
        checkCreate() {},
        guard: () => undefined,
      },
    });
    await crashing.fetch(toRequest(`DELETE ${DEFINITIONS}/widgets.example.com`, {}));
    expect((await cluster.send(`GET ${DEFINITIONS}`)).status).toBe(200);
    expect((await cluster.send(`GET ${DEFINITIONS}/widgets.example.com`)).status).toBe(404);
    expect(
      await cluster.options.store.shardOf('widgets.example.com').list({ resource: 'widgets.example.com' }),
    ).toMatchObject({ count: 0 });
  });

  it('never leaves an object behind that a server creates which has not heard of it', async () => {
    const cluster = await clusterWithDefault();
    const other = second(cluster);
    await define(cluster, definition());
    await other(`POST ${WIDGETS}`, widget('first'));
    await cluster.send(`DELETE ${DEFINITIONS}/widgets.example.com`);
    await define(cluster, definition());
    // What `other` knows is the definition that is gone.
    const created = await other(`POST ${WIDGETS}`, widget('second'));
    const list = await cluster.send<KubeObject & { items: KubeObject[] }>(`GET ${WIDGETS}`);
    expect(list.body.items.map(({ metadata }) => metadata.name)).toEqual(created.status === 201 ? ['second'] : []);
  });
});

describe('a watch of custom resources', () => {
  it('ends with the definition, after the last of its events', async () => {
    const cluster = await clusterWithDefault();
    await define(cluster, definition());
    await cluster.send(`POST ${WIDGETS}`, { body: widget('a') });
    const text = (await cluster.fetch(`GET ${WIDGETS}?watch=1`)).text();
    await cluster.send(`DELETE ${DEFINITIONS}/widgets.example.com`);
    await cluster.clock.advance(2_000);
    const types = (await text)
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types).toEqual(['ADDED', 'DELETED']);
  });

  it('ends when the schema changes, and not for a change of status', async () => {
    const cluster = await clusterWithDefault();
    await define(cluster, definition());
    let ended = false;
    const text = (await cluster.fetch(`GET ${WIDGETS}?watch=1`)).text().then(() => {
      ended = true;
    });
    const name = `${DEFINITIONS}/widgets.example.com`;
    await cluster.send(`PATCH ${name}`, { body: { metadata: { labels: { a: 'b' } } } });
    await cluster.clock.advance(2_000);
    expect(ended).toBe(false);
    const versions = [openVersion('v1'), openVersion('v2')];
    await cluster.send(`PATCH ${name}`, { body: { spec: { versions } } });
    await cluster.clock.advance(2_000);
    await text;
    expect(ended).toBe(true);
  });
});

describe('a webhook whose certificates cannot be read', () => {
  it('keeps a definition from being established until it is mended', async () => {
    const cluster = await clusterWithDefault();
    const conversionWith = (caBundle: string) => ({
      strategy: 'Webhook',
      webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://example.com/convert', caBundle } },
    });
    await define(cluster, definition({ conversion: conversionWith(btoa('no certificate')) }));
    expect(await conditionsOf(cluster)).toEqual([
      'NamesAccepted=True/NoConflicts',
      'Established=False/InvalidCABundle',
    ]);
    const mended = await cluster.send(`PATCH ${DEFINITIONS}/widgets.example.com`, {
      body: { spec: { conversion: { strategy: 'None', webhook: null } } },
    });
    expect(mended.status).toBe(200);
    expect(await conditionsOf(cluster)).toContain('Established=True/InitialNamesAccepted');
  });
});
