import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProbe } from '../../../src/agent/probes/index.ts';
import type { ContainerRuntime } from '../../../src/agent/runtime/contract.ts';
import type { Probe } from '../../../src/kinds/index.ts';

const field = (type: string) => ({ id: 1, type });
const health = fromJSON({
  nested: {
    Request: { fields: { service: field('string') } },
    Response: { fields: { status: field('int32') } },
    Health: { methods: { Check: { requestType: 'Request', responseType: 'Response', comment: '' } } },
  },
});

let server: Server;
let port: number;
const LONG = 'x'.repeat(300);
const answers: Record<string, number> = { '': 1, [LONG]: 1, sick: 2 };

beforeAll(async () => {
  server = new Server();
  const { Check } = health.Health as Record<string, { path: string }>;
  const definition = { Check: { ...Check, path: '/grpc.health.v1.Health/Check' } };
  server.addService(definition as never, {
    Check(call: { request: { service?: string } }, done: (error: object | null, answer?: object) => void) {
      const { service = '' } = call.request;
      if (service === 'slow') return;
      if (answers[service] === undefined) done({ code: status.NOT_FOUND, details: 'unknown service' });
      else done(null, { status: answers[service] });
    },
  });
  port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
});
afterAll(() => server.forceShutdown());

const ask = (grpc: Probe['grpc']) =>
  runProbe({
    probe: { grpc } as Probe,
    container: { name: 'c' },
    containerId: 'id',
    podIP: '127.0.0.1',
    runtime: {} as ContainerRuntime,
    timeout: 1,
  });

test.each([
  ['', 'success', 'service healthy'],
  [LONG, 'success', 'service healthy'],
  ['sick', 'failure', 'service unhealthy (responded with "NOT_SERVING")'],
  ['other', 'failure', 'error: health rpc probe failed: unknown service'],
  ['slow', 'failure', 'timeout: health rpc did not complete within 1s'],
])('the gRPC service %j is a %s', async (service, outcome, output) => {
  expect(await ask({ port, service })).toEqual({ outcome, output });
});

test('a port where nothing listens fails the gRPC probe', async () => {
  const { outcome, output } = await ask({ port: 1 });
  expect([outcome, output]).toEqual([
    'failure',
    expect.stringMatching(/failed to connect service at "127\.0\.0\.1:1"/),
  ]);
});
