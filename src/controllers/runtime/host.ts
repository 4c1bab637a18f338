import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Client } from '../../client/client.ts';
import { StatusError } from '../../machinery/status.ts';
import type { Change } from './change.ts';
import { createKeyContext, isTransient, resyncKeys } from './changes-to-keys.ts';
import {
  type Controller,
  type ControllerLog,
  type ControllerServices,
  type ReconcileContext,
  type ReconcileResult,
  TerminalError,
} from './define-controller.ts';
import { createEventRecorder, type EventRecorder, type EventSpec } from './events.ts';
import { type Item, Lanes, type Ticket } from './lanes.ts';
import type { QueueStore } from './queue-store.ts';

export interface ControllerHostOptions extends ControllerServices {
  controllers: readonly Controller[];
  /** A client that acts as the controller's service account. */
  clientFor(controller: Controller): Client;
  queue: QueueStore;
  clock: Clock;
  random: Random;
  log: ControllerLog;
  /** Sets the one alarm (milliseconds since the epoch), or removes it. */
  scheduleAlarm(at: number | null): void;
  /** The alarm that is set already. */
  alarmAt?: number | null;
  /** Keys reconciled at the same time over all controllers. */
  concurrency?: number;
}

export interface ControllerHost {
  /** Takes committed changes of a shard. Resolves when all work that follows from them is done or survives a crash. */
  deliver(shard: string, changes: readonly Change[]): Promise<void>;
  /** The alarm went off: runs what is due. */
  alarm(): Promise<void>;
  /** The watchdog: picks up work that a crash left behind. */
  poke(): Promise<void>;
  /** Asks for one key of one controller. */
  enqueue(controller: string, key: string): Promise<void>;
  /** Resolves when no work is in memory; delayed work may be in the store. */
  idle(): Promise<void>;
}

/** The key that stands for listing everything and asking for every key. */
const RESYNC = '';
const MIN_BACKOFF = 5;
const MAX_BACKOFF = 1_000_000;
/** Pauses shorter than this stay in memory. */
const SHORT_PAUSE = 1_000;
/** How long a delivery may wait for work to be done before the work is written down instead. */
const GRACE = 50;
/** How soon written-down work is looked at again in case its object died. */
const RECOVERY = 15_000;
const DUE_BATCH = 2_000;
/** Deliveries that one controller may refuse in a row. */
const MAX_REFUSALS = 4;

/**
 * Runs controllers. What must survive a crash is in exactly one of two places: a change that was delivered and not
 * acknowledged is delivered again; work whose change was acknowledged before it was done has a row. Since most
 * work is done within the grace of its delivery, most work writes no row, and an idle host has neither rows nor an
 * alarm. Upstream: controller-runtime's manager with client-go's rate limiting work queue.
 */
export function createControllerHost(options: ControllerHostOptions): ControllerHost {
  return new Host(options);
}

class Host implements ControllerHost {
  readonly #options: ControllerHostOptions;
  readonly #lanes: Lanes;
  readonly #clients = new Map<string, Client>();
  readonly #recorders = new Map<string, EventRecorder>();
  readonly #idleWaiters: (() => void)[] = [];
  /** Deliveries in a row that a controller could not turn into keys. */
  readonly #refusals = new Map<string, number>();
  #armed: number | null;
  #started = false;

  constructor(options: ControllerHostOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options.controllers, options.concurrency ?? 16);
    this.#armed = options.alarmAt ?? null;
  }

  async deliver(_shard: string, changes: readonly Change[]): Promise<void> {
    this.#start();
    const tickets: Ticket[] = [];
    await Promise.all(
      this.#options.controllers.map(async (controller) => {
        for (const key of await this.#keysOrResync(controller, changes)) tickets.push(this.#add(controller.name, key));
      }),
    );
    await this.#settle(tickets);
  }

  async alarm(): Promise<void> {
    this.#armed = null;
    this.#start();
    await this.#settle(this.#addDue());
    this.#arm();
  }

  async poke(): Promise<void> {
    this.#start();
    this.#addDue();
    this.#arm();
  }

  enqueue(controller: string, key: string): Promise<void> {
    this.#start();
    return this.#settle([this.#add(controller, key)]);
  }

  async idle(): Promise<void> {
    if (!this.#lanes.busy) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Work of the incarnation before this one, and resyncs of controllers that this cluster has not met. */
  #start(): void {
    if (this.#started) return;
    this.#started = true;
    const { queue, controllers, clock } = this.#options;
    this.#addDue();
    for (const { name, version } of controllers) {
      if (queue.resynced(name) === version) continue;
      queue.put({ controller: name, key: RESYNC, due: clock.now(), attempts: 0 });
      this.#add(name, RESYNC);
    }
    this.#arm();
  }

  #addDue(): Ticket[] {
    const { queue, clock } = this.#options;
    const tickets: Ticket[] = [];
    for (const row of queue.due(clock.now(), DUE_BATCH)) {
      const lane = this.#lanes.byName.get(row.controller);
      // A controller that this version does not have.
      if (lane === undefined) queue.delete(row.controller, row.key);
      else if (!lane.items.has(row.key)) tickets.push(this.#add(row.controller, row.key, row.attempts));
    }
    return tickets;
  }

  /**
   * The keys of a delivery. When they cannot be found out, the delivery is refused and comes again; but not for ever,
   * since nobody gets anything meanwhile: then the controller looks at everything instead, at its own pace.
   */
  async #keysOrResync(controller: Controller, changes: readonly Change[]): Promise<Iterable<string>> {
    const { queue, clock, log } = this.#options;
    const { name } = controller;
    try {
      const keys = await this.#keysOf(controller, changes);
      this.#refusals.delete(name);
      return keys;
    } catch (error) {
      const refusals = (this.#refusals.get(name) ?? 0) + 1;
      this.#refusals.set(name, refusals);
      if (refusals < MAX_REFUSALS) throw error;
      log.error('changes not understood, resyncing', { controller: name, error: String(error) });
      queue.put({ controller: name, key: RESYNC, due: clock.now(), attempts: 0 });
      return [RESYNC];
    }
  }

  async #keysOf(controller: Controller, changes: readonly Change[]): Promise<Set<string>> {
    const keys = new Set<string>();
    const context = createKeyContext(this.#client(controller));
    for (const watch of controller.watches) {
      const resource = watch.kind === 'all' ? undefined : watch.kind.storedAs;
      for (const change of changes) {
        if (resource !== undefined && change.key.resource !== resource) continue;
        try {
          const found = watch.keys(change, context);
          // Most watches know their keys at once, and there are many changes.
          for (const key of found instanceof Promise ? await found : found) keys.add(key);
        } catch (error) {
          if (isTransient(error)) throw error;
          this.#options.log.error('change not understood', { controller: controller.name, error: String(error) });
        }
      }
    }
    return keys;
  }

  #add(controller: string, key: string, attempts?: number): Ticket {
    const lane = this.#lanes.byName.get(controller);
    if (lane === undefined) throw new TypeError(`no controller is named ${controller}`);
    const ticket = this.#lanes.add(lane, key, attempts);
    // Everything of one delivery is queued before the first of it runs.
    queueMicrotask(() => this.#pump());
    return ticket;
  }

  /** Waits for work; what is not done after the grace is written down. */
  async #settle(tickets: readonly Ticket[]): Promise<void> {
    if (tickets.length === 0) return;
    const { clock, queue } = this.#options;
    let cancel = () => {};
    const grace = new Promise<void>((resolve) => {
      cancel = clock.after(GRACE, resolve);
    });
    await Promise.race([Promise.all(tickets.map((ticket) => ticket.done)), grace]);
    cancel();
    let wrote = false;
    for (const ticket of tickets) {
      if (ticket.settled) continue;
      const { lane, key, attempts } = ticket.item;
      const row = queue.get(lane.controller.name, key);
      if (row === undefined || row.due > clock.now()) {
        queue.put({ controller: lane.controller.name, key, due: clock.now(), attempts });
        wrote = true;
      }
      ticket.settle();
    }
    if (wrote) this.#arm();
  }

  #pump(): void {
    for (let item = this.#lanes.take(); item !== undefined; item = this.#lanes.take()) void this.#run(item);
    if (this.#lanes.busy) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  async #run(item: Item): Promise<void> {
    const tickets = item.tickets;
    item.tickets = [];
    const { controller } = item.lane;
    try {
      if (item.key === RESYNC) await this.#resync(item);
      else this.#succeed(item, await this.#reconcile(controller, item.key));
      for (const ticket of tickets) ticket.settle();
    } catch (error) {
      this.#fail(item, tickets, error);
    }
    this.#pump();
  }

  async #reconcile(controller: Controller, key: string): Promise<ReconcileResult | undefined> {
    const { clock, random, log, queue, settings, dependentsOf, lastSeen, kinds, certificates } = this.#options;
    const events: EventSpec[] = [];
    const context: ReconcileContext = {
      client: this.#client(controller),
      clock,
      random,
      log,
      settings,
      dependentsOf,
      lastSeen,
      ...(certificates === undefined ? {} : { certificates }),
      kinds,
      event: (spec) => void events.push(spec),
      enqueue: (other) => {
        queue.put({ controller: controller.name, key: other, due: clock.now(), attempts: 0 });
        this.#add(controller.name, other);
      },
    };
    try {
      return await controller.reconcile(key, context);
    } finally {
      if (events.length > 0) await this.#recorder(controller).record(events);
    }
  }

  /** The row of a resync stands until all of its keys are done or have rows of their own. */
  async #resync(item: Item): Promise<void> {
    const { queue } = this.#options;
    const { controller } = item.lane;
    const keys = await resyncKeys(controller, this.#client(controller));
    const tickets = [...keys].map((key) => this.#add(controller.name, key));
    // The keys need the place that the resync had, so it does not wait for them in it.
    this.#lanes.finish(item);
    void Promise.all(tickets.map((ticket) => ticket.done)).then(() => {
      queue.setResynced(controller.name, controller.version);
      queue.delete(controller.name, RESYNC);
      this.#arm();
    });
  }

  #succeed(item: Item, result: ReconcileResult | undefined): void {
    const { queue, clock } = this.#options;
    const { name } = item.lane.controller;
    const row = queue.get(name, item.key);
    item.attempts = 0;
    if (result?.requeueAfter !== undefined) {
      const due = clock.now() + Math.max(1, Math.ceil(result.requeueAfter));
      // A row that wakes the key earlier does as well, and needs no write.
      const early = row !== undefined && row.attempts === 0 && row.due > clock.now() && row.due <= due;
      if (!early) queue.put({ controller: name, key: item.key, due, attempts: 0 });
      if (!early) this.#arm();
    } else if (row !== undefined && !item.dirty) {
      queue.delete(name, item.key);
      this.#arm();
    }
    this.#lanes.finish(item);
  }

  #fail(item: Item, tickets: Ticket[], error: unknown): void {
    const { queue, clock, log } = this.#options;
    const { name } = item.lane.controller;
    const fields = { controller: name, key: item.key, error: error instanceof Error ? error.message : String(error) };
    if (error instanceof TerminalError) {
      log.error('reconcile failed for good', fields);
      this.#succeed(item, undefined);
      for (const ticket of tickets) ticket.settle();
      return;
    }
    item.attempts = Math.max(item.attempts, queue.get(name, item.key)?.attempts ?? 0) + 1;
    const pause = Math.min(MAX_BACKOFF, MIN_BACKOFF * 2 ** (item.attempts - 1));
    // Somebody else wrote first, which is how concurrent writers find out.
    const level = error instanceof StatusError && error.reason === 'Conflict' ? 'info' : 'warn';
    log[level]('reconcile failed', { ...fields, attempts: item.attempts, pause });
    if (pause < SHORT_PAUSE) {
      item.tickets.push(...tickets);
      this.#lanes.pause(
        item,
        clock.after(pause, () => {
          this.#lanes.wake(item);
          this.#pump();
        }),
      );
      if (item.dirty) this.#lanes.wake(item);
      return;
    }
    queue.put({ controller: name, key: item.key, due: clock.now() + pause, attempts: item.attempts });
    for (const ticket of tickets) ticket.settle();
    this.#arm();
    this.#lanes.finish(item);
  }

  /** Keeps the alarm at the earliest row; an alarm that is too early is left, since moving it costs a write. */
  #arm(): void {
    const { queue, clock, scheduleAlarm } = this.#options;
    const now = clock.now();
    const next = queue.nextAfter(now) ?? Number.POSITIVE_INFINITY;
    const at = queue.due(now, 1).length > 0 ? Math.min(next, now + RECOVERY) : next;
    if (at === Number.POSITIVE_INFINITY) {
      if (this.#armed !== null) scheduleAlarm(null);
      this.#armed = null;
    } else if (this.#armed === null || this.#armed <= now || at < this.#armed) {
      scheduleAlarm(at);
      this.#armed = at;
    }
  }

  #client(controller: Controller): Client {
    let client = this.#clients.get(controller.name);
    if (client === undefined) {
      client = this.#options.clientFor(controller);
      this.#clients.set(controller.name, client);
    }
    return client;
  }

  #recorder(controller: Controller): EventRecorder {
    let recorder = this.#recorders.get(controller.name);
    if (recorder === undefined) {
      const { clock, log } = this.#options;
      recorder = createEventRecorder({
        client: this.#client(controller),
        component: controller.serviceAccount,
        clock,
        onError: (error) => log.warn('event not recorded', { controller: controller.name, error: String(error) }),
      });
      this.#recorders.set(controller.name, recorder);
    }
    return recorder;
  }
}
