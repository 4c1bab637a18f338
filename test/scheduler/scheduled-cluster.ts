/** A whole API server in memory with a scheduler, whose deliveries, alarm and time are turned by the test. */
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/index.ts';
import { createEventRecorder } from '../../src/controllers/runtime/events.ts';
import { nodes, type Pod, pods, serviceAccounts } from '../../src/kinds/index.ts';
import { defaultPlugins, Scheduler } from '../../src/scheduler/index.ts';
import { createServer } from '../../src/server/index.ts';
import { createLocalShard } from '../../src/storage/local-shard.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { createTestCluster } from '../support/cluster.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createSeededRandom } from '../support/seeded-random.ts';

export interface ScheduledCluster {
  admin: Client;
  clock: ManualClock;
  /** `METHOD path` of every request of the scheduler. */
  requests: string[];
  errors: string[];
  alarmAt(): number | null;
  /** How often the alarm was set or cleared. */
  alarmWrites(): number;
  /** Delivers changes until there are none. */
  settle(): Promise<void>;
  /** Lets time pass and the alarm ring when it is due. */
  pass(ms: number): Promise<void>;
  /** Drops the scheduler with all it has in memory; the changes since `acknowledged` come again. */
  crash(): void;
  /** Runs before every request of the scheduler; an answer replaces the server's. */
  interfere(fault: (request: Request) => Promise<Response | undefined> | Response | undefined): void;
  addNode(name: string, more?: { cpu?: string; pods?: string; spec?: object }): Promise<void>;
  addPod(name: string, spec?: object): Promise<Pod>;
  /** Node of each pod by name; empty for those that have none. */
  places(): Promise<Record<string, string>>;
  events(name: string): Promise<{ reason: string; message: string; count: number }[]>;
}

const USER = { name: 'system:kube-scheduler', groups: ['system:authenticated'] };
const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const EVENTS = { group: '', version: 'v1', kind: 'Event', resource: 'events', namespaced: true };
const baseURL = 'http://cluster.test';

export async function createScheduledCluster(): Promise<ScheduledCluster> {
  const clock = createManualClock();
  const engine = new MemoryEngine(clock);
  const shard = createLocalShard({ engine, clock });
  const base = await createTestCluster({ clock });
  const server = createServer({ ...base.options, store: { shardOf: () => shard }, clock });
  await server.bootstrap();
  const admin = createClient({ transport: (request) => server.fetch(request, ADMIN), baseURL });
  await admin.create(serviceAccounts, { metadata: { name: 'default', namespace: 'default' } });
  const requests: string[] = [];
  const errors: string[] = [];
  let fault: Parameters<ScheduledCluster['interfere']>[0] = () => undefined;
  let alarmAt: number | null = null;
  let alarmWrites = 0;
  let cursor = 0;
  let live: Scheduler | undefined;

  const start = () => {
    const client = createClient({
      baseURL,
      async transport(request) {
        requests.push(`${request.method} ${new URL(request.url).pathname}`);
        return (await fault(request)) ?? server.fetch(request, USER);
      },
    });
    const onError = (message: string, error: unknown) => void errors.push(`${message}: ${String(error)}`);
    const recorder = createEventRecorder({
      client,
      component: 'default-scheduler',
      clock,
      onError: (error) => onError('event', error),
    });
    return new Scheduler({
      client,
      clock,
      random: createSeededRandom(3),
      plugins: defaultPlugins,
      schedulerName: 'default-scheduler',
      event: (object, type, reason, message) => recorder.record([{ kind: pods, object, type, reason, message }]),
      async scheduleAlarm(at) {
        if (at !== alarmAt) alarmWrites++;
        alarmAt = at;
      },
      onError,
    });
  };
  const scheduler = () => {
    live ??= start();
    return live;
  };
  const cluster: ScheduledCluster = {
    admin,
    clock,
    requests,
    errors,
    alarmAt: () => alarmAt,
    alarmWrites: () => alarmWrites,
    async settle() {
      for (let rounds = 0; ; rounds++) {
        if (rounds > 200) throw new Error('the cluster does not settle');
        const page = engine.events({ since: cursor, maxCharacters: Number.POSITIVE_INFINITY, maxEvents: 50 });
        if (page.events.length === 0 && !page.more) return;
        await scheduler().deliver(page.events);
        await scheduler().idle();
        cursor = page.through;
      }
    },
    async pass(ms) {
      await cluster.settle();
      const end = clock.now() + ms;
      while (alarmAt !== null && alarmAt <= end) {
        clock.advance(Math.max(0, alarmAt - clock.now()));
        alarmAt = null;
        await scheduler().run();
        await cluster.settle();
      }
      clock.advance(Math.max(0, end - clock.now()));
    },
    crash() {
      live = undefined;
    },
    interfere(how) {
      fault = how;
    },
    async addNode(name, { cpu = '4', pods: room = '110', spec = {} } = {}) {
      await admin.create(nodes, { metadata: { name }, spec });
      // New nodes have the taint of those that are not ready.
      await admin.patch(nodes, { name }, { spec: { taints: null } });
      const status = { allocatable: { cpu, memory: '8Gi', pods: room } };
      await admin.patch(nodes, { name }, { status }, { subresource: 'status' });
    },
    addPod: (name, spec = {}) =>
      admin.create<Pod>(pods, {
        metadata: { name, namespace: 'default' },
        spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
      } as Pod),
    async places() {
      const { items } = await admin.list<Pod>(pods);
      return Object.fromEntries(items.map(({ metadata, spec }) => [metadata.name, spec?.nodeName ?? '']));
    },
    async events(name) {
      const { items } = await admin.list(EVENTS, { fieldSelector: `involvedObject.name=${name}` });
      return (items as unknown as { reason: string; message: string; count: number }[]).map((event) => ({
        reason: event.reason,
        message: event.message,
        count: event.count,
      }));
    },
  };
  return cluster;
}
