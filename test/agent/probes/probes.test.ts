import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProbeOutcome, Prober, type ProbeType, runProbe } from '../../../src/agent/probes/index.ts';
import type { ContainerRuntime } from '../../../src/agent/runtime/contract.ts';
import type { Container, Probe } from '../../../src/kinds/index.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { settle } from '../node-bench.ts';

const runtime = {} as ContainerRuntime;
const ask = (probe: Probe, container: Container = { name: 'c' }) =>
  runProbe({ probe, container, containerId: 'id', podIP: '127.0.0.1', runtime, timeout: 1 });

describe('http and tcp probes', () => {
  let server: Server;
  let port: number;
  let silent: ReturnType<typeof createTcpServer>;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/slow') return;
      if (request.url === '/moved') response.writeHead(302, { location: '/ok' });
      else if (request.url === '/away') response.writeHead(302, { location: 'http://elsewhere.test/' });
      else if (request.url === '/head') response.writeHead(request.headers['x-a'] === 'b' ? 200 : 400);
      else response.writeHead(Number(request.url?.slice(1)) || 200);
      response.end('body');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    silent = createTcpServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    silent.close();
  });

  test.each([
    ['/200', 'success', 'body'],
    ['/399', 'success', 'body'],
    ['/400', 'failure', 'HTTP probe failed with statuscode: 400'],
    ['/503', 'failure', 'HTTP probe failed with statuscode: 503'],
    ['/moved', 'success', 'body'],
    ['/away', 'warning', 'Probe terminated redirects, Response body: body'],
  ])('GET %s is a %s', async (path, outcome, output) => {
    expect(await ask({ httpGet: { path, port } })).toEqual({ outcome, output });
  });

  test('headers are sent, named ports resolved', async () => {
    const container = { name: 'c', ports: [{ name: 'web', containerPort: port }] };
    const httpGet = { path: '/head', port: 'web', httpHeaders: [{ name: 'X-A', value: 'b' }] };
    expect((await ask({ httpGet }, container)).outcome).toBe('success');
    expect(await ask({ httpGet: { port: 'none' } }, container)).toMatchObject({ outcome: 'unknown' });
  });

  test('a slow answer and a closed port fail in the words of kubelet', async () => {
    expect((await ask({ httpGet: { path: '/slow', port } })).output).toBe(
      `Get "http://127.0.0.1:${port}/slow": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    );
    expect(await ask({ tcpSocket: { port: 1 } })).toEqual({
      outcome: 'failure',
      output: 'dial tcp 127.0.0.1:1: connect: connection refused',
    });
    expect((await ask({ tcpSocket: { port: (silent.address() as AddressInfo).port } })).outcome).toBe('success');
  });
});

describe('thresholds', () => {
  interface Setup {
    container: Partial<Container>;
    answers: Partial<Record<ProbeType, () => 'success' | 'failure' | 'unknown'>>;
    wasReady?: boolean;
  }
  const start = ({ container, answers, wasReady = false }: Setup) => {
    const clock = createManualClock();
    const asked: ProbeType[] = [];
    const troubles: ProbeOutcome[] = [];
    const prober = new Prober({
      container: { name: 'c', ...container },
      startedAt: clock.now(),
      clock,
      wasReady,
      wasStarted: false,
      async probe(type) {
        asked.push(type);
        return { outcome: answers[type]?.() ?? 'success', output: '' };
      },
      onChange() {},
      onTrouble: (outcome) => troubles.push(outcome),
    });
    const seconds = async (count: number) => {
      for (let i = 0; i < count; i++) {
        clock.advance(1000);
        await settle(2);
      }
    };
    return { clock, prober, asked, troubles, seconds };
  };

  test('ready after successThreshold, not ready after failureThreshold', async () => {
    let outcome: 'success' | 'failure' = 'success';
    const readinessProbe = { periodSeconds: 1, successThreshold: 3, failureThreshold: 2, initialDelaySeconds: 2 };
    const { prober, seconds, asked } = start({ container: { readinessProbe }, answers: { readiness: () => outcome } });
    await seconds(1);
    expect(asked).toEqual([]);
    await seconds(3);
    expect([asked.length, prober.ready]).toEqual([3, true]);
    outcome = 'failure';
    await seconds(1);
    expect(prober.ready).toBe(true);
    await seconds(1);
    expect(prober.ready).toBe(false);
    prober.stop();
  });

  test('liveness fails once and then rests', async () => {
    const livenessProbe = { periodSeconds: 1, failureThreshold: 3 };
    const { prober, seconds, asked } = start({ container: { livenessProbe }, answers: { liveness: () => 'failure' } });
    await seconds(2);
    expect(prober.failed).toBeUndefined();
    await seconds(10);
    expect([prober.failed, asked.length]).toEqual(['liveness', 3]);
  });

  test('what cannot be asked counts neither way', async () => {
    const livenessProbe = { periodSeconds: 1, failureThreshold: 1 };
    const { prober, seconds, troubles } = start({
      container: { livenessProbe },
      answers: { liveness: () => 'unknown' },
    });
    await seconds(5);
    expect(prober.failed).toBeUndefined();
    expect(troubles.length).toBeGreaterThan(0);
    prober.stop();
  });

  test('nothing else is asked before the startup probe has passed', async () => {
    let up = false;
    const container = {
      startupProbe: { periodSeconds: 1, failureThreshold: 10 },
      livenessProbe: { periodSeconds: 1 },
      readinessProbe: { periodSeconds: 1 },
    };
    const { prober, seconds, asked } = start({ container, answers: { startup: () => (up ? 'success' : 'failure') } });
    await seconds(4);
    expect(new Set(asked)).toEqual(new Set(['startup']));
    expect([prober.started, prober.ready]).toEqual([false, false]);
    up = true;
    await seconds(3);
    expect([prober.started, prober.ready]).toEqual([true, true]);
    expect(asked.filter((type) => type === 'startup')).toHaveLength(5);
    prober.stop();
  });

  test('a container that was ready stays so until a new agent finds otherwise', async () => {
    const readinessProbe = { periodSeconds: 1, failureThreshold: 2 };
    const { prober, seconds } = start({
      container: { readinessProbe },
      answers: { readiness: () => 'failure' },
      wasReady: true,
    });
    expect(prober.ready).toBe(true);
    await seconds(3);
    expect(prober.ready).toBe(false);
    prober.stop();
  });

  test('a pod that ends is not killed for its probes', async () => {
    const livenessProbe = { periodSeconds: 1, failureThreshold: 1 };
    const { prober, seconds, asked } = start({ container: { livenessProbe }, answers: { liveness: () => 'failure' } });
    prober.stopKilling();
    await seconds(5);
    expect([prober.failed, asked]).toEqual([undefined, []]);
  });
});
