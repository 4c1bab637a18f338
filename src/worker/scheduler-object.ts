import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { createClient } from '../client/index.ts';
import { createEventRecorder } from '../controllers/runtime/events.ts';
import { pods } from '../kinds/index.ts';
import { defaultPlugins, Scheduler } from '../scheduler/index.ts';
import type { UserInfo } from '../server/contract.ts';
import type { Change } from '../storage/contract.ts';
import { type Alarm, createAlarm } from './alarm.ts';
import { createClusterServer } from './cluster-server.ts';
import type { Env } from './env.ts';
import { ErasableObject } from './erasable-object.ts';
import { createConsoleLogger } from './log.ts';

const SCHEDULER_USER: UserInfo = { name: 'system:kube-scheduler', groups: ['system:authenticated'] };

/** The scheduler of one cluster. Named by the cluster. */
export class SchedulerObject extends ErasableObject {
  readonly #alarm: Alarm;
  #scheduler: Scheduler | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = createAlarm(ctx.storage);
  }

  /** Changes of a shard, in order, at least once. */
  async deliver(_shard: string, changes: Change[]): Promise<void> {
    await this.#open().deliver(changes);
    this.ctx.waitUntil(this.#open().idle());
  }

  /** Looks for work that an alarm or a delivery should have done. */
  async poke(): Promise<void> {
    await this.#open().run();
  }

  override async alarm(): Promise<void> {
    this.#alarm.rang();
    await this.#open().run();
  }

  #open(): Scheduler {
    this.#scheduler ??= this.#create(this.ctx.id.name ?? 'default');
    return this.#scheduler;
  }

  #create(cluster: string): Scheduler {
    const log = createConsoleLogger(systemClock, { cluster, component: 'scheduler' });
    const server = createClusterServer(this.env, cluster);
    const client = createClient({
      transport: (request) => server.fetch(request, SCHEDULER_USER),
      baseURL: 'https://kubernetes.default.svc',
    });
    const onError = (message: string, error: unknown) => log.warn(message, { error: String(error) });
    const recorder = createEventRecorder({
      client,
      component: 'default-scheduler',
      clock: systemClock,
      onError: (error) => onError('event', error),
    });
    return new Scheduler({
      client,
      clock: systemClock,
      random: systemRandom,
      plugins: defaultPlugins,
      schedulerName: 'default-scheduler',
      event: (pod, type, reason, message) => recorder.record([{ kind: pods, object: pod, type, reason, message }]),
      scheduleAlarm: (at) => this.#alarm.schedule(at),
      onError,
    });
  }
}
