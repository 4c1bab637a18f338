/** A node's pod machinery on a runtime in memory, against a real API server in the same process. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../src/agent/log.ts';
import { createServiceStore, followServices } from '../../src/agent/network/index.ts';
import type { NodeFacts, ServiceSource } from '../../src/agent/pods/context.ts';
import { ApiEventRecorder } from '../../src/agent/pods/event-recorder.ts';
import { type RunningPods, runPods } from '../../src/agent/pods/run-pods.ts';
import type { Container, Image } from '../../src/agent/runtime/contract.ts';
import { FakeRuntime, type FakeRuntimeOptions, fakeImage } from '../../src/agent/runtime/fake/fake-runtime.ts';
import { createClient } from '../../src/client/index.ts';
import type { Event, Pod, PodSpec } from '../../src/kinds/index.ts';
import { ADMIN_TOKEN, createTestCluster, type TestCluster } from '../support/cluster.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createSeededRandom } from '../support/seeded-random.ts';

export const IMAGE = 'registry.test/app:1';

export interface Bench {
  cluster: TestCluster;
  clock: ManualClock;
  runtime: FakeRuntime;
  folder: string;
  /** The machinery that runs now; replaced by `restart`. */
  pods(): RunningPods;
  create(name: string, spec: Partial<PodSpec>, metadata?: Pod['metadata']): Promise<Pod>;
  get(name: string): Promise<Pod | undefined>;
  /** Lets everything that is under way come to rest, then asks until `check` holds; answers the pod. */
  until(name: string, check: (pod: Pod) => unknown): Promise<Pod>;
  untilGone(name: string): Promise<void>;
  untilTrue(check: () => unknown | Promise<unknown>): Promise<void>;
  events(name: string): Promise<Event[]>;
  container(pod: string, container?: string): Promise<Container | undefined>;
  /** Ends the running container of a pod. */
  exit(pod: string, exitCode: number, container?: string): Promise<void>;
  /** A new agent on the same node. */
  restart(options?: { synced?: boolean }): Promise<void>;
  /** Takes the API away from the node, or gives it back. */
  unplug(away: boolean): void;
  close(): Promise<void>;
}

/** Files are real: a busy machine takes its time over them. */
const PATIENCE_MS = 10_000;

/** Gives promises, timers at zero and in-process requests a turn. */
export async function settle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

export interface BenchOptions {
  exec?: FakeRuntimeOptions['exec'];
  images?: ReadonlyMap<string, Image>;
}

export async function createBench(options: BenchOptions = {}): Promise<Bench> {
  const clock = createManualClock();
  const cluster = await createTestCluster({ bootstrap: true, clock });
  const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
  const link = { away: false };
  const client = createClient({
    transport: async (request) => {
      if (link.away) throw new Error('connect ECONNREFUSED');
      return cluster.server.fetch(request);
    },
    baseURL: 'http://cluster.test',
    headers: { Authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const images = options.images ?? new Map([[IMAGE, fakeImage(IMAGE)]]);
  let ips = 1;
  const runtime = new FakeRuntime({
    clock,
    prefix: 'id-',
    nextIP: () => `10.244.0.${++ips}`,
    images,
    ...(options.exec ? { exec: options.exec } : {}),
  });
  const node: NodeFacts = {
    name: 'node-1',
    hostIPs: ['192.0.2.1'],
    memoryCapacity: 8 * 1024 ** 3,
    allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    resolvConf: '/dev/null',
    podsDir: join(folder, 'pods'),
    logsDir: join(folder, 'logs'),
  };
  const store = createServiceStore();
  const follow = new AbortController();
  const random = createSeededRandom(11);
  void followServices(store, { client, clock, random, log: silentLog, signal: follow.signal });
  const services: ServiceSource = {
    inNamespace: (namespace) =>
      store.synced ? [...store.services.values()].filter((s) => s.metadata.namespace === namespace) : undefined,
  };
  const start = (): RunningPods =>
    runPods({
      services,
      apiPatience: 3000,
      events: new ApiEventRecorder({ client, clock, random: createSeededRandom(5), nodeName: 'node-1' }),
      client,
      runtime,
      clock,
      random: createSeededRandom(7),
      log: silentLog,
      nodeName: 'node-1',
      node: () => node,
      real: true,
    });
  await cluster.send('POST /api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } });
  const running = start();
  await running.synced;
  await settle(100);
  return new NodeBench({ cluster, clock, runtime, folder, start, first: running, link });
}

interface BenchParts {
  cluster: TestCluster;
  clock: ManualClock;
  runtime: FakeRuntime;
  folder: string;
  start(): RunningPods;
  first: RunningPods;
  link: { away: boolean };
}

class NodeBench implements Bench {
  readonly cluster: TestCluster;
  readonly clock: ManualClock;
  readonly runtime: FakeRuntime;
  readonly folder: string;
  readonly #start: () => RunningPods;
  #running: RunningPods;
  readonly #link: { away: boolean };

  constructor({ cluster, clock, runtime, folder, start, first, link }: BenchParts) {
    this.#link = link;
    this.cluster = cluster;
    this.clock = clock;
    this.runtime = runtime;
    this.folder = folder;
    this.#start = start;
    this.#running = first;
  }

  pods(): RunningPods {
    return this.#running;
  }

  async create(name: string, spec: Partial<PodSpec>, metadata: Pod['metadata'] = {}): Promise<Pod> {
    const containers = [{ name: 'main', image: IMAGE, imagePullPolicy: 'IfNotPresent' }];
    const body = {
      metadata: { ...metadata, name },
      spec: { nodeName: 'node-1', automountServiceAccountToken: false, containers, ...spec },
    };
    const reply = await this.cluster.send<Pod>('POST /api/v1/namespaces/default/pods', { body });
    if (reply.status !== 201) throw new Error(reply.text);
    return reply.body;
  }

  async get(name: string): Promise<Pod | undefined> {
    const reply = await this.cluster.send<Pod>(`GET /api/v1/namespaces/default/pods/${name}`);
    return reply.status === 200 ? reply.body : undefined;
  }

  async untilTrue(check: () => unknown | Promise<unknown>): Promise<void> {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
      await settle(5);
      if (await check()) return;
    }
    throw new Error('did not come true');
  }

  async until(name: string, check: (pod: Pod) => unknown): Promise<Pod> {
    let pod: Pod | undefined;
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
      await settle(5);
      pod = await this.get(name);
      if (pod !== undefined && check(pod)) return pod;
    }
    throw new Error(`not as expected: ${JSON.stringify(pod?.status, null, 1)}`);
  }

  async untilGone(name: string): Promise<void> {
    await this.untilTrue(async () => (await this.get(name)) === undefined);
  }

  async events(name: string): Promise<Event[]> {
    await settle(50);
    const reply = await this.cluster.send<{ items: Event[] }>('GET /api/v1/namespaces/default/events');
    const own = reply.body.items.filter((event) => event.involvedObject?.name === name);
    return own.sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  }

  async container(pod: string, container = 'main'): Promise<Container | undefined> {
    const all = await this.runtime.listContainers({ labels: { 'io.kubernetes.pod.name': pod } });
    return all.filter((c) => c.name === container).sort((a, b) => b.attempt - a.attempt)[0];
  }

  async exit(pod: string, exitCode: number, container = 'main'): Promise<void> {
    const found = await this.container(pod, container);
    if (found === undefined) throw new Error(`${pod} has no container ${container}`);
    this.runtime.exit(found.id, exitCode);
    await settle(60);
  }

  unplug(away: boolean): void {
    this.#link.away = away;
  }

  async restart({ synced = true }: { synced?: boolean } = {}): Promise<void> {
    await this.#running.stop();
    await settle(20);
    this.#running = this.#start();
    if (synced) await this.#running.synced;
    await settle(100);
  }

  async close(): Promise<void> {
    await this.#running.stop();
    await settle(20);
    // A worker that was in the middle of a step still makes its folders.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  }
}
