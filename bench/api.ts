/** Rates of the API beside the floor of the same run. */
import { type Client, type Measured, measure } from './client.ts';
import { sleep, usageOf } from './process.ts';

export interface ApiOptions {
  client: Client;
  /** Whose processor time is counted. */
  pid: number;
  connections: number;
  report(name: string, unit: string, measured: Measured & { cpuPerOp: number | undefined }): void;
}

const NAMESPACE = 'bench';
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const LISTED = 1000;
const WATCHERS = 100;

/** A pod that no scheduler takes. */
export function podBody(name: string, scheduler = 'none', image = 'bench.invalid/app:1'): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench' } },
    spec: {
      schedulerName: scheduler,
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image, resources: { requests: { cpu: '10m', memory: '16Mi' } } }],
    },
  });
}

async function timed(
  { pid, connections, report }: ApiOptions,
  {
    name,
    unit = 'ops/s',
    ...load
  }: { name: string; unit?: string; count: number; connections?: number; once(i: number): Promise<unknown> },
): Promise<void> {
  const before = usageOf(pid);
  const measured = await measure({ connections, ...load });
  const after = usageOf(pid);
  // The warm-up is counted in, so the divisor has it too.
  const done = load.count + Math.min(50, load.count);
  report(name, unit, { ...measured, cpuPerOp: before && after ? (after.cpu - before.cpu) / done : undefined });
}

/** Health, creates, gets, lists and watches of one API server. */
export async function measureApi(options: ApiOptions): Promise<void> {
  const { client } = options;
  const configMap = (i: number): string =>
    JSON.stringify({ metadata: { name: `c${i}` }, data: { text: 'x'.repeat(800) } });
  await client.send({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: JSON.stringify({ metadata: { name: NAMESPACE } }),
  });
  // An API-only cluster has no controller that makes it.
  await client.send({
    method: 'POST',
    path: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`,
    body: JSON.stringify({ metadata: { name: 'default' } }),
  });
  await timed(options, { name: 'healthz', count: 6000, once: () => client.send({ path: '/healthz' }) });
  await timed(options, {
    name: 'create pod',
    count: 2000,
    once: (i) => client.send({ method: 'POST', path: PODS, body: podBody(i < 0 ? `w${-i}` : `p${i}`) }),
  });
  await timed(options, {
    name: 'create ConfigMap',
    count: 2000,
    once: (i) => client.send({ method: 'POST', path: CONFIG_MAPS, body: configMap(i < 0 ? 1_000_000 - i : i) }),
  });
  await timed(options, {
    name: 'get pod',
    count: 4000,
    once: (i) => client.send({ path: `${PODS}/p${(i < 0 ? -i : i) % 2000}` }),
  });
  await timed(options, {
    name: `list ${LISTED} pods`,
    ...{ unit: 'lists/s', count: 100, connections: 2 },
    once: () => client.send({ path: `${PODS}?limit=${LISTED}` }),
  });
  await measureWatch(options);
}

/** One writer, many watchers: how many events reach them in a second. */
async function measureWatch({ client, pid, report }: ApiOptions): Promise<void> {
  const writes = 300;
  const watchers = client.another(WATCHERS);
  let received = 0;
  let largest = 0;
  const open = async (): Promise<void> => {
    const response = await watchers.open({ path: `${CONFIG_MAPS}?watch=1&resourceVersion=${version}` });
    response.on('data', (part: Buffer) => {
      for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) received++;
    });
  };
  const { metadata } = JSON.parse(await client.send({ path: `${CONFIG_MAPS}?limit=1` })) as {
    metadata: { resourceVersion: string };
  };
  const version = metadata.resourceVersion;
  await Promise.all(Array.from({ length: WATCHERS }, open));
  const before = usageOf(pid);
  const start = performance.now();
  for (let i = 0; i < writes; i++) {
    const sent = performance.now();
    const body = JSON.stringify({ data: { text: String(i) } });
    await client.send({
      method: 'PATCH',
      path: `${CONFIG_MAPS}/c0`,
      body,
      contentType: 'application/merge-patch+json',
    });
    largest = Math.max(largest, performance.now() - sent);
  }
  while (received < writes * WATCHERS && performance.now() - start < 60_000) await sleep(1);
  const seconds = (performance.now() - start) / 1000;
  const after = usageOf(pid);
  watchers.close();
  report(`watch, ${WATCHERS} watchers`, 'events/s', {
    ...{ perSecond: received / seconds, p50: Number.NaN, p99: largest },
    cpuPerOp: before && after ? (after.cpu - before.cpu) / writes : undefined,
  });
}
