/** A cluster in one process with controllers: outbox, alarm and time are turned by the test. */
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/index.ts';
import {
  type Change,
  createMemoryQueueStore,
  type Dependent,
  ownControllerRoles,
} from '../../src/controllers/index.ts';
import type { CertificateAuthority, Controller } from '../../src/controllers/runtime/define-controller.ts';
import { type ControllerHost, createControllerHost } from '../../src/controllers/runtime/host.ts';
import type { Server } from '../../src/server/contract.ts';
import { createServer } from '../../src/server/index.ts';
import type { Store } from '../../src/storage/contract.ts';
import { createLocalShard } from '../../src/storage/local-shard.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { controllerTransport, servedKinds } from '../../src/worker/controller-services.ts';
import { createTestCluster } from '../support/cluster.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import { TEST_SETTINGS } from '../support/strategy-context.ts';

const BASE_URL = 'http://cluster.test';

export interface ControlledCluster {
  server: Server;
  /** Acts as an administrator. */
  admin: Client;
  clock: ManualClock;
  queue: ReturnType<typeof createMemoryQueueStore>;
  /** When the one alarm goes off. */
  alarmAt(): number | null;
  /** Delivers changes until there are none, letting short pauses pass. */
  settle(): Promise<void>;
  /** Lets time pass and the alarm ring when it is due; settles before and after. */
  pass(ms: number): Promise<void>;
  /** Drops the host with all it has in memory, as a crash does; the next delivery finds a new one. */
  crash(): void;
  host(): ControllerHost;
  /** Replaces how a batch of changes reaches the host (repeated, shuffled). */
  distort(change: (changes: Change[]) => Change[][]): void;
  /** `METHOD path` of the writes since the last call, with the controller that made them. */
  writes(): string[];
  /** Every request of a controller so far. */
  requests: { controller: string; method: string; path: string }[];
  /** Answers instead of the server when it returns something. */
  interfere(fault: (request: Request) => Response | undefined): void;
  /** Nodes whose tunnel is open. */
  tunnels: Set<string>;
  logs: string[];
}

export interface ControlledClusterOptions {
  controllers(): Controller[];
  caCertificate?: string;
  certificates?: CertificateAuthority;
}

export async function createControlledCluster(options: ControlledClusterOptions): Promise<ControlledCluster> {
  const clock = createManualClock();
  const engine = new MemoryEngine(clock);
  const shard = createLocalShard({ engine, clock });
  const store: Store = { shardOf: () => shard };
  const base = await createTestCluster({ clock });
  const server = createServer({ ...base.options, store, clock, bootstrapExtras: ownControllerRoles() });
  await server.bootstrap();
  let inFlight = 0;
  const counted = (answer: Promise<Response>) => {
    inFlight++;
    return answer.finally(() => inFlight--);
  };
  const user = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
  const admin = createClient({ transport: (request) => counted(server.fetch(request, user)), baseURL: BASE_URL });
  const queue = createMemoryQueueStore();
  const tunnels = new Set<string>();
  const logs: string[] = [];
  let writes: string[] = [];
  const requests: ControlledCluster['requests'] = [];
  let fault: (request: Request) => Response | undefined = () => undefined;
  let alarmAt: number | null = null;
  let cursor = 0;
  let live: { host: ControllerHost; alive: boolean } | undefined;
  let distorted = (changes: Change[]) => [changes];

  const start = () => {
    const incarnation = { alive: true };
    const guard = () => {
      // A crashed host's calls go nowhere.
      if (!incarnation.alive) return new Promise<never>(() => {});
      return undefined;
    };
    const clientFor = (controller: Controller) =>
      createClient({
        transport: async (request) => {
          await guard();
          const { pathname } = new URL(request.url);
          requests.push({ controller: controller.name, method: request.method, path: pathname });
          const refused = fault(request);
          if (refused) return refused;
          const response = await counted(controllerTransport(server, controller.serviceAccount)(request));
          if (request.method !== 'GET' && response.ok) writes.push(`${controller.name} ${request.method} ${pathname}`);
          await guard();
          return response;
        },
        baseURL: BASE_URL,
      });
    const kinds = () => servedKinds(admin);
    const host = createControllerHost({
      controllers: options.controllers(),
      clientFor,
      queue: guarded(queue, () => incarnation.alive),
      clock,
      random: createSeededRandom(7),
      log: logger(logs),
      alarmAt,
      scheduleAlarm: (at) => {
        if (incarnation.alive) alarmAt = at;
      },
      settings: { ...TEST_SETTINGS, caCertificate: options.caCertificate ?? 'CA', podCIDR: '10.244.0.0/16' },
      ...(options.certificates ? { certificates: options.certificates } : {}),
      kinds,
      dependentsOf: async (uid) =>
        dependents(engine, uid, new Map((await kinds()).map((kind) => [kind.storedAs, kind]))),
      lastSeen: async () => new Map([...tunnels].map((name) => [name, clock.now()])),
    });
    return Object.assign(incarnation, { host });
  };
  const host = () => {
    live ??= start();
    return live.host;
  };
  const run = async (start: () => Promise<unknown>) => {
    let done = false;
    const finished = start().finally(() => {
      done = true;
    });
    finished.catch(() => {});
    const incarnation = live;
    for (let quiet = 0, pauses = 0; !done; ) {
      if (live !== incarnation) throw new Crashed();
      await turn();
      quiet = inFlight > 0 ? 0 : quiet + 1;
      // With no request under way, what is waited for is a pause.
      if (quiet % 20 === 19) clock.advance(20);
      if (quiet % 20 === 19 && pauses++ > 500) throw new Error(`work does not end: ${logs.slice(-5).join(' | ')}`);
    }
    await finished;
  };
  const cluster: ControlledCluster = {
    server,
    admin,
    clock,
    queue,
    tunnels,
    logs,
    host,
    alarmAt: () => alarmAt,
    async settle() {
      for (let i = 0; ; i++) {
        const page = engine.events({ since: cursor, maxCharacters: Number.POSITIVE_INFINITY, maxEvents: 100 });
        const changes = page.events.filter(({ key }) => key.resource !== 'events').map(toChange);
        try {
          for (const batch of changes.length > 0 ? distorted(changes) : []) {
            await run(() => host().deliver('main', batch));
          }
        } catch (error) {
          // A delivery that was refused is made again a little later.
          if (error instanceof Crashed) throw error;
          clock.advance(1_000);
          continue;
        }
        // Acknowledged only now: a crash before makes the batch come again.
        cursor = page.through;
        if (changes.length === 0 && !page.more) {
          if (live) await run(() => host().idle());
          if (engine.revision() === cursor) return;
        }
        if (i > 2_000) throw new Error('the cluster does not settle');
      }
    },
    async pass(ms) {
      await cluster.settle();
      const end = clock.now() + ms;
      while (alarmAt !== null && alarmAt <= end) {
        clock.advance(Math.max(0, alarmAt - clock.now()));
        alarmAt = null;
        await run(() => host().alarm());
        await cluster.settle();
      }
      clock.advance(Math.max(0, end - clock.now()));
      await cluster.settle();
    },
    crash() {
      if (live) live.alive = false;
      live = undefined;
    },
    distort(change) {
      distorted = change;
    },
    requests,
    interfere(how) {
      fault = how;
    },
    writes() {
      const seen = writes;
      writes = [];
      return seen;
    },
  };
  return cluster;
}

/** The host was dropped while the test waited for it. */
export class Crashed extends Error {}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function logger(lines: string[]) {
  const write = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  return { info: write, warn: write, error: write };
}

function guarded(queue: ReturnType<typeof createMemoryQueueStore>, alive: () => boolean): typeof queue {
  return {
    ...queue,
    put: (row) => alive() && queue.put(row),
    delete: (controller, key) => alive() && queue.delete(controller, key),
    setResynced: (controller, version) => alive() && queue.setResynced(controller, version),
  } as typeof queue;
}

function toChange(event: ReturnType<MemoryEngine['events']>['events'][number]): Change {
  const { revision, type, key, projection, old } = event;
  return { revision, type, key, projection, ...(type === 'MODIFIED' && old ? { old: old.projection } : {}) };
}

function dependents(engine: MemoryEngine, uid: string, kinds: ReadonlyMap<string, Dependent['kind']>): Dependent[] {
  return engine.dependents(uid).flatMap(({ key, revision, projection }) => {
    const kind = kinds.get(key.resource);
    if (!kind) return [];
    const { uid, deleting, owners, finalizers = [] } = projection;
    const { namespace, name } = key;
    return [{ kind, namespace, name, uid, resourceVersion: String(revision), deleting, owners, finalizers }];
  });
}
