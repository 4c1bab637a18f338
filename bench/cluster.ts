/**
 * Figures of a local cluster: start, memory, rates of the API, pod start-up; each beside the floor of the same run.
 * `node bench/cluster.ts [--connections N] [--image REFERENCE]`; with an image that nodes of this machine have, pods
 * are started on a real node too.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureApi } from './api.ts';
import { Client, measure } from './client.ts';
import { measureSync, startWorker, type WorkerToRun } from './floor.ts';
import { measurePodStart } from './pods.ts';
import { type Running, sleep, start, usageOf } from './process.ts';

const { values } = parseArgs({
  options: { connections: { type: 'string', default: '16' }, image: { type: 'string' } },
});
const connections = Number(values.connections);
const port = 20_000 + Math.floor(Math.random() * 20_000);
const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
const command = new URL('../bin/kedge.mjs', import.meta.url).pathname;
const data = join(folder, 'data');
const IDLE_MS = 15_000;

const print = (name: string, text: string): void => console.log(`${name.padEnd(44)} ${text}`);
const ms = (value: number): string => `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;

interface Cluster {
  running: Running;
  client: Client;
}

/** Starts a cluster and says when it first answered what `kubectl get namespaces` asks. */
async function startCluster(words: readonly string[]): Promise<Cluster & { answeredAfter: number }> {
  const running = start(process.execPath, [command, 'up', '--data', data, '--port', String(port), ...words]);
  const tokenFile = join(data, 'default', 'admin-token');
  while (!existsSync(tokenFile)) await sleep(2);
  const client = new Client(port, readFileSync(tokenFile, 'utf8').trim(), connections);
  const answered = await client.untilAnswered('/api/v1/namespaces');
  return { running, client, answeredAfter: answered - running.startedAt };
}

async function stopCluster({ client, running }: Cluster): Promise<void> {
  client.close();
  await running.stop();
}

function tlsOf(): Pick<WorkerToRun, 'certificateFile' | 'keyFile'> {
  const tls = join(data, 'default', 'tls');
  return { certificateFile: join(tls, 'tls.crt'), keyFile: join(tls, 'tls.key') };
}

async function measureFloor(): Promise<void> {
  const sync = measureSync(folder);
  print('fdatasync of 2 KB', `p50 ${ms(sync.p50)}, p99 ${ms(sync.p99)}`);
  const bare = startWorker({ folder, port, ...tlsOf() });
  const client = new Client(port, 'none', connections);
  await client.untilAnswered('/');
  const before = usageOf(bare.pid);
  const floor = await measure({ count: 6000, connections, once: () => client.send({ path: '/' }) });
  const after = usageOf(bare.pid);
  const cpu = before && after ? `, ${((after.cpu - before.cpu) / 6050).toFixed(2)} ms CPU each` : '';
  print('bare Worker', `${Math.round(floor.perSecond)} ops/s, p50 ${ms(floor.p50)}, p99 ${ms(floor.p99)}${cpu}`);
  if (after) print('bare Worker, memory', megabytes(after.memory));
  client.close();
  await bare.stop();
}

/** Milliseconds from the start of workerd until it listens, which it does once the module has been evaluated. */
async function timeToListen(workerFile: string | undefined): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const running = startWorker({ folder, port, ...tlsOf(), ...(workerFile ? { workerFile } : {}) });
    const client = new Client(port, 'none', 1);
    const listening = await client.untilListening();
    times.push(listening - running.startedAt);
    client.close();
    await running.stop();
  }
  return times.sort((a, b) => a - b)[2] as number;
}

async function measureStart(): Promise<void> {
  const cold = await startCluster(['--api-only']);
  print('command to first answer, cold', ms(cold.answeredAfter));
  await stopCluster(cold);
  const warm = await startCluster(['--api-only']);
  print('command to first answer, warm', ms(warm.answeredAfter));
  await sleep(IDLE_MS);
  const idle = usageOf(warm.running.pid);
  if (idle) print('memory of the control plane, idle', megabytes(idle.memory));
  await stopCluster(warm);
  const bundle = new URL('../dist/worker.js', import.meta.url).pathname;
  const [own, bare] = [await timeToListen(bundle), await timeToListen(undefined)];
  print('start of the Worker', `${ms(own - bare)} (${ms(own)} until workerd listens, ${ms(bare)} with a bare Worker)`);
}

async function measureRates(): Promise<void> {
  const cluster = await startCluster(['--api-only']);
  await measureApi({
    client: cluster.client,
    pid: cluster.running.pid,
    connections,
    report(name, unit, { perSecond, p50, p99, cpuPerOp }) {
      const times = Number.isNaN(p50) ? '' : `, p50 ${ms(p50)}, p99 ${ms(p99)}`;
      const cpu = cpuPerOp === undefined ? '' : `, ${cpuPerOp.toFixed(2)} ms CPU each`;
      print(name, `${Math.round(perSecond)} ${unit}${times}${cpu}`);
    },
  });
  const loaded = usageOf(cluster.running.pid);
  if (loaded) print('memory of the control plane, after the load', megabytes(loaded.memory));
  await stopCluster(cluster);
}

async function measurePods(image: string): Promise<void> {
  const cluster = await startCluster([]);
  const started = await measurePodStart(cluster.client, image);
  print(
    'pod created to Running',
    started ? `p50 ${ms(started.p50)}, p99 ${ms(started.p99)}` : 'no pod ran within a minute',
  );
  await stopCluster(cluster);
}

try {
  print('load of the machine before', loadavg()[0]?.toFixed(2) ?? '');
  await measureStart();
  await measureFloor();
  await measureRates();
  if (values.image === undefined) print('pod created to Running', 'not measured: no --image');
  else await measurePods(values.image);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
