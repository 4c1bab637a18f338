/**
 * What thousands of custom resource definitions cost: `node --expose-gc bench/definitions.ts [COUNT] [KILOBYTES]`.
 * In one process over storage in memory: installing them, the memory of an API server that finds them there, discovery,
 * the first and later requests for one of their objects, and writes of a built-in kind beside them.
 */
import { systemClock } from '../src/base/clock.ts';
import { systemRandom } from '../src/base/random.ts';
import { createServer } from '../src/server/index.ts';
import { createTestCluster, type RequestInput, toRequest } from '../test/support/cluster.ts';

const COUNT = Number(process.argv[2] ?? 2000);
const KILOBYTES = Number(process.argv[3] ?? 30);
const CLIENTS = 8;
const GROUPS = 100;
const WRITES = 500;

const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** A schema of about the wanted size, in the shape of those of cloud providers. */
function schemaOf(kilobytes: number): object {
  const fields: Record<string, object> = {};
  for (let i = 0; i < kilobytes * 3; i++) {
    fields[`field${i}`] = {
      type: 'object',
      description:
        'What this part of the managed resource is for, as the documentation of its provider has it. '.repeat(2),
      properties: { name: { type: 'string' }, count: { type: 'integer', default: 1 } },
    };
  }
  return { type: 'object', properties: { spec: { type: 'object', properties: fields }, status: { type: 'object' } } };
}

function definitionOf(index: number): object {
  const group = `g${index % GROUPS}.bench.example.com`;
  const plural = `things${index}`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { plural, kind: `Thing${index}`, categories: ['managed'] },
      versions: [
        {
          ...{ name: 'v1', served: true, storage: true, subresources: { status: {} } },
          schema: { openAPIV3Schema: schemaOf(KILOBYTES) },
        },
      ],
    },
  };
}

type Send = (line: string, input?: RequestInput) => Promise<string>;

const senderOf =
  (fetch: (request: Request) => Promise<Response>): Send =>
  async (line, input = {}) => {
    const response = await fetch(toRequest(line, input));
    const text = await response.text();
    if (response.status >= 300) throw new Error(`${line}: ${response.status} ${text.slice(0, 500)}`);
    return text;
  };

async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  console.log(`${name.padEnd(56)} ${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`);
}

/** Megabytes of live objects; only with --expose-gc. */
function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1024 / 1024;
}

async function writes(send: Send, prefix: string): Promise<void> {
  for (let i = 0; i < WRITES; i++)
    await send('POST /api/v1/namespaces/default/configmaps', { body: { metadata: { name: `${prefix}${i}` } } });
}

const cluster = await createTestCluster({ bootstrap: true, clock: systemClock, random: systemRandom });
const send = senderOf((request) => cluster.server.fetch(request));
await writes(send, 'warm');
await timed(`${WRITES} creates of a ConfigMap, no definitions`, () => writes(send, 'before'));
const queue = Array.from({ length: COUNT }, (_, index) => index);
await timed(`${COUNT} definitions of ${KILOBYTES} KB, ${CLIENTS} clients`, () =>
  Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift())
        await send('POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: definitionOf(index) });
    }),
  ),
);
const before = heap();
const fresh = createServer(cluster.options);
const sendFresh = senderOf((request) => fresh.fetch(request));
await timed('first request of a new server (a namespace)', () => sendFresh('GET /api/v1/namespaces/default'));
await timed('its first discovery', () => sendFresh('GET /apis', { accept: DISCOVERY }));
await timed('discovery again', () => sendFresh('GET /apis', { accept: DISCOVERY }));
await timed('its first OpenAPI index', () => sendFresh('GET /openapi/v3'));
console.log(`${'memory of the new server'.padEnd(56)} ${Math.round(heap() - before)} MB`);
const objects = '/apis/g7.bench.example.com/v1/things7';
const thing = (name: string) => ({
  body: { apiVersion: 'g7.bench.example.com/v1', kind: 'Thing7', metadata: { name }, spec: { field1: { name: 'x' } } },
});
await timed('first object of a kind', () => sendFresh(`POST ${objects}`, thing('a')));
await timed('second object of the kind', () => sendFresh(`POST ${objects}`, thing('b')));
await timed('OpenAPI of its group-version', () => sendFresh('GET /openapi/v3/apis/g7.bench.example.com/v1'));
await timed(`${WRITES} creates of a ConfigMap beside them`, () => writes(send, 'after'));
