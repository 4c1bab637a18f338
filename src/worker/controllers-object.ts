import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { createClient } from '../client/index.ts';
import {
  type Change,
  type ControllerHost,
  createControllerHost,
  createControllers,
  createSqliteQueueStore,
  migrateQueue,
  tunnelKey,
} from '../controllers/index.ts';
import { createCertificateAuthority } from '../server/cluster-keys.ts';
import { createClusterServer, createClusterStore, loadClusterKeys } from './cluster-server.ts';
import { controllerTransport, findDependents, rememberKinds } from './controller-services.ts';
import { ErasableObject } from './erasable-object.ts';
import { createConsoleLogger } from './log.ts';
import { createNodeConnector } from './node-connector.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const BASE_URL = 'https://kubernetes.default.svc';
const POD_CIDR = '10.244.0.0/16';

/** Runs the controllers of the cluster it is named after. */
export class ControllersObject extends ErasableObject {
  #host: Promise<ControllerHost> | undefined;

  /** Committed changes of a shard; resolves when nothing that follows from them can be lost. */
  async deliver(shard: string, changes: Change[]): Promise<void> {
    const host = await this.#running();
    await host.deliver(shard, changes);
  }

  /** The watchdog: picks up what a crash left behind. */
  async poke(): Promise<void> {
    const host = await this.#running();
    await host.poke();
  }

  /** A node's tunnel has closed, or opened again. */
  async nodeChanged(node: string): Promise<void> {
    const host = await this.#running();
    await host.enqueue('node-lifecycle-controller', tunnelKey(node));
  }

  override async alarm(): Promise<void> {
    const host = await this.#running();
    await host.alarm();
  }

  #running(): Promise<ControllerHost> {
    this.#host ??= this.#start().catch((error: unknown) => {
      this.#host = undefined;
      throw error;
    });
    return this.#host;
  }

  async #start(): Promise<ControllerHost> {
    const { env, ctx } = this;
    const cluster = ctx.id.name ?? '';
    const { sql } = ctx.storage;
    migrateQueue(sql);
    const server = createClusterServer(env, cluster);
    const store = createClusterStore(env, cluster);
    const nodes = createNodeConnector(env, cluster);
    const log = createConsoleLogger(systemClock, { cluster, component: 'controllers' });
    const clientAs = (serviceAccount: string) =>
      createClient({
        transport: controllerTransport(server, serviceAccount),
        baseURL: BASE_URL,
        fieldManager: 'kube-controller-manager',
      });
    const kinds = rememberKinds(clientAs('generic-garbage-collector'), systemClock);
    const [keys, alarmAt] = await Promise.all([loadClusterKeys(env, cluster), ctx.storage.getAlarm()]);
    return createControllerHost({
      controllers: createControllers(),
      clientFor: (controller) => clientAs(controller.serviceAccount),
      queue: createSqliteQueueStore(sql),
      clock: systemClock,
      random: systemRandom,
      log,
      alarmAt,
      scheduleAlarm: (at) => void (at === null ? ctx.storage.deleteAlarm() : ctx.storage.setAlarm(at)),
      settings: {
        ...{ ...DEFAULT_SETTINGS, caCertificate: keys.caCertificate, podCIDR: POD_CIDR },
        ...(env.KEDGE_EDGE_ADDRESS === undefined ? {} : { edgeAddress: env.KEDGE_EDGE_ADDRESS }),
      },
      certificates: createCertificateAuthority(keys, { clock: systemClock, random: systemRandom }),
      kinds,
      dependentsOf: async (uid) => findDependents({ store, kinds: await kinds() }, uid),
      lastSeen: (names) => nodes.lastSeen(names),
    });
  }
}
