import { beforeEach, describe, expect, it } from 'vitest';
import { configMaps } from '../../src/kinds/core/v1/config-map.ts';
import type { KubeObject } from '../../src/machinery/meta.ts';
import type { ServerSocket } from '../../src/server/contract.ts';
import { ADMIN_TOKEN, createTestCluster, type RequestInput, type TestCluster } from '../support/cluster.ts';

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

  it('sends a bookmark two seconds before its time is over', async () => {
    const w = await watch('&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=5');
    await create('a');
    expect(shown(await w.next(1))).toEqual(['ADDED a']);
    await cluster.clock.advance(3_000);
    const [bookmark] = await w.next(1);
    expect(bookmark?.type).toBe('BOOKMARK');
    await cluster.clock.advance(2_000);
    expect(await w.rest()).toEqual([]);
  });

  describe('over a WebSocket', () => {
    const messages: (string | Uint8Array)[] = [];
    let protocol: string | undefined;
    let closed = false;
    const socket: ServerSocket = {
      send: (message) => void messages.push(message),
      close: () => {
        closed = true;
      },
      onClose: () => undefined,
    };

    beforeEach(async () => {
      messages.length = 0;
      closed = false;
      cluster = await createTestCluster({
        acceptWebSocket(asked) {
          protocol = asked;
          return { response: new Response(null), socket };
        },
      });
      await cluster.send('POST /api/v1/namespaces', { body: { metadata: { name: 'team' } } });
    });

    it('sends an event in each message, under the protocol that carries no token', async () => {
      const token = Buffer.from(ADMIN_TOKEN).toString('base64url');
      const headers = {
        Upgrade: 'websocket',
        'Sec-WebSocket-Protocol': `base64url.bearer.authorization.k8s.io.${token}, base64.binary.k8s.io`,
        Authorization: '',
      };
      await create('a');
      await cluster.fetch(`GET ${PATH}?watch=1`, { headers });
      expect(protocol).toBe('base64.binary.k8s.io');
      await create('b');
      const events = messages.map((message) => JSON.parse(message as string) as Event);
      expect(shown(events)).toEqual(['ADDED a', 'ADDED b']);
      await cluster.send(`DELETE ${PATH}/a`);
      expect(messages).toHaveLength(3);
      socket.onClose();
      await create('c');
      expect(messages).toHaveLength(3);
    });

    it('closes when the time is over, and sends protobuf in binary messages', async () => {
      const headers = { Upgrade: 'websocket' };
      const accept = 'application/vnd.kubernetes.protobuf';
      await create('a');
      await cluster.fetch(`GET ${PATH}?watch=1&timeoutSeconds=10`, { headers, accept });
      expect(messages).toHaveLength(1);
      expect(messages[0]).toBeInstanceOf(Uint8Array);
      await cluster.clock.advance(10_000);
      expect(closed).toBe(true);
    });
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
    ['', ['ADDED a', 'ADDED b', 'ADDED c']],
    ['&allowWatchBookmarks=true', ['ADDED a', 'ADDED b', 'BOOKMARK ', 'ADDED c', 'BOOKMARK ']],
    ['&resourceVersion=0&allowWatchBookmarks=true', ['ADDED a', 'ADDED b', 'BOOKMARK ', 'ADDED c', 'BOOKMARK ']],
    ['&sendInitialEvents=false&resourceVersionMatch=NotOlderThan', ['ADDED c']],
    ['&resourceVersion=0&sendInitialEvents=false&resourceVersionMatch=NotOlderThan', ['ADDED c']],
  ])('from no version of its own with %j starts as it is asked to', async (query, events) => {
    await create('a');
    await create('b');
    const w = await watch(`&timeoutSeconds=2${query}`);
    await create('c');
    const rest = w.rest();
    await cluster.clock.advance(1_000);
    await cluster.clock.advance(1_000);
    expect(shown(await rest)).toEqual(events);
  });

  it('has no more to say of what was there while nothing happens', async () => {
    await create('a');
    const w = await watch('&timeoutSeconds=5&allowWatchBookmarks=true');
    const rest = w.rest();
    for (const ms of [1_000, 2_000, 2_000]) await cluster.clock.advance(ms);
    expect(shown(await rest)).toEqual(['ADDED a', 'BOOKMARK ']);
  });

  const LIST = '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

  it('fails where the present state is older than asked for', async () => {
    const w = await watch(`${LIST}&resourceVersion=99999`);
    expect(await w.rest()).toMatchObject([{ type: 'ERROR', object: { code: 504, reason: 'Timeout' } }]);
  });

  it('has bookmarks of kinds with what upstream writes of an empty object', async () => {
    const response = await cluster.fetch(
      `GET /apis/apps/v1/namespaces/team/deployments?watch=1${LIST}&timeoutSeconds=1`,
    );
    const text = response.text();
    cluster.clock.advance(1_000);
    const { object } = JSON.parse((await text).split('\n')[0]!) as Event;
    expect(object).toMatchObject({
      spec: { replicas: 0, selector: null, strategy: {}, template: {} },
      status: {},
    });
  });

  it('rows of bookmarks show their metadata where they end what was there', async () => {
    const w = await watch(`${LIST}&includeObject=None`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    const [bookmark] = await w.next(1);
    const rows = bookmark!.object.rows as { object: KubeObject }[];
    expect(rows[0]!.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    await w.cancel();
    const pods = await cluster.fetch(`GET /api/v1/pods?watch=1${LIST}&timeoutSeconds=1`, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    const text = pods.text();
    cluster.clock.advance(1_000);
    expect(await text).toContain('"type":"BOOKMARK"');
    const roles = await cluster.fetch(`GET /apis/rbac.authorization.k8s.io/v1/roles?watch=1${LIST}&timeoutSeconds=1`, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    const row = roles.text();
    cluster.clock.advance(1_000);
    expect(await row).toContain('"cells":["","0001-01-01T00:00:00Z"]');
  });

  it('ends where an event cannot be shown, and the server goes on', async () => {
    const { cells } = configMaps;
    const w = await watch('', { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    try {
      configMaps.cells = () => {
        throw new Error('no such cell');
      };
      await create('a');
      expect(await w.rest()).toEqual([]);
    } finally {
      configMaps.cells = cells;
    }
    expect((await cluster.send(`GET ${PATH}/a`)).status).toBe(200);
  });

  it('ends at the first event that it cannot tell, as no change is a list', async () => {
    const w = await watch('', { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' });
    await create('a');
    expect(await w.rest()).toEqual([]);
  });

  it.each([
    ['POST', '', 405],
    ['GET', '/a?fieldSelector=metadata.name%3Db', 400],
    ['GET', '/a?fieldSelector=metadata.name!%3Db', 400],
    ['GET', '?sendInitialEvents=true&resourceVersionMatch=NotOlderThan', 422],
    ['GET', '?resourceVersionMatch=Exact&resourceVersion=1&timeoutSeconds=1', 200],
  ])('by its old path takes %s %s as %i', async (method, rest, code) => {
    const response = await cluster.fetch(`${method} /api/v1/watch/namespaces/team/configmaps${rest}`);
    expect(response.status).toBe(code);
    await response.body?.cancel();
  });

  it.each([
    ['&continue=abc', 422],
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
