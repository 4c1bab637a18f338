import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/machinery/meta.ts';
import { createTestCluster, type RequestInput, type TestCluster } from '../support/cluster.ts';

const PATH = '/api/v1/namespaces/team/configmaps';
let cluster: TestCluster;

interface Event {
  type: string;
  object: KubeObject;
}

interface Watch {
  response: Response;
  next(count: number): Promise<Event[]>;
  /** What comes until the stream ends. */
  rest(): Promise<Event[]>;
  cancel(): Promise<void>;
}

async function watch(query: string, input: RequestInput = {}): Promise<Watch> {
  const response = await cluster.fetch(`GET ${PATH}?watch=1${query}`, input);
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = '';
  const take = (): Event[] => {
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Event);
  };
  const next = async (count: number): Promise<Event[]> => {
    const events: Event[] = [];
    while (events.length < count) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
      events.push(...take());
    }
    return events;
  };
  return { response, next, rest: () => next(Number.POSITIVE_INFINITY), cancel: () => reader.cancel() };
}

const create = (name: string, more: object = {}) =>
  cluster.send(`POST ${PATH}`, { body: { metadata: { name, ...more }, data: { a: '1' } } });
const shown = (events: Event[]): string[] => events.map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`);

beforeEach(async () => {
  cluster = await createTestCluster();
  await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
});

describe('watch', () => {
  it('sends the present state and then every change, never compressed', async () => {
    await create('a');
    const w = await watch('', { headers: { 'Accept-Encoding': 'gzip' } });
    expect(w.response.headers.get('content-encoding')).toBe('identity');
    await create('b');
    await cluster.send(`PATCH ${PATH}/b`, { body: { data: { a: '2' } } });
    await cluster.send(`DELETE ${PATH}/a`);
    expect(shown(await w.next(4))).toEqual(['ADDED a', 'ADDED b', 'MODIFIED b', 'DELETED a']);
    await w.cancel();
  });

  it('goes on after a version and marks the deletion with a version of its own', async () => {
    const { body } = await create('a');
    const w = await watch(`&resourceVersion=${body.metadata.resourceVersion}`);
    await cluster.send(`DELETE ${PATH}/a`);
    const [event] = await w.next(1);
    expect(event).toMatchObject({ type: 'DELETED', object: { kind: 'ConfigMap', apiVersion: 'v1' } });
    expect(Number(event!.object.metadata.resourceVersion)).toBeGreaterThan(Number(body.metadata.resourceVersion));
    await w.cancel();
  });

  it('turns a change of labels into ADDED and DELETED under a selector', async () => {
    const w = await watch('&labelSelector=x%3Dy');
    await create('a');
    await cluster.send(`PATCH ${PATH}/a`, { body: { metadata: { labels: { x: 'y' } } } });
    await cluster.send(`PATCH ${PATH}/a`, { body: { metadata: { labels: { x: 'z' } } } });
    expect(shown(await w.next(2))).toEqual(['ADDED a', 'DELETED a']);
    await w.cancel();
  });

  it('ends initial events with an annotated bookmark', async () => {
    await create('a');
    const w = await watch('&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true');
    const [added, bookmark] = await w.next(2);
    expect(added!.type).toBe('ADDED');
    expect(bookmark).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'ConfigMap', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    await w.cancel();
  });

  it('ends after timeoutSeconds of the clock', async () => {
    const w = await watch('&timeoutSeconds=5');
    const rest = w.rest();
    cluster.clock.advance(5_000);
    expect(await rest).toEqual([]);
  });

  it('sends Table rows with the columns in the first event only', async () => {
    const w = await watch('', { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    await create('a');
    await create('b');
    const [first, second] = await w.next(2);
    expect(first!.object).toMatchObject({
      kind: 'Table',
      columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }],
    });
    expect(second!.object.columnDefinitions).toBeNull();
    await w.cancel();
  });

  it.each([
    ['&sendInitialEvents=true', 422],
    ['&resourceVersionMatch=NotOlderThan', 422],
    ['&resourceVersion=abc', 500],
    ['&fieldSelector=nope%3Dx', 400],
  ])('refuses %s with %i', async (query, code) => {
    const { status } = await cluster.fetch(`GET ${PATH}?watch=1${query}`);
    expect(status).toBe(code);
  });

  it('counts as long-running until its stream ends', async () => {
    const w = await watch('');
    const metric = async () =>
      (await cluster.send('GET /metrics')).text
        .split('\n')
        .find((line) => /^apiserver_longrunning_requests.*configmaps/.test(line));
    expect(await metric()).toMatch(/ 1$/);
    await w.cancel();
    expect(await metric()).toMatch(/ 0$/);
  });
});
