import { systemClock } from '../base/clock.ts';
import { CONFIGURATION_RESOURCE, type StoredConfiguration } from '../server/configuration/document.ts';
import { type AuditPage, type AuditQuery, AuditRows } from '../storage/audit-log.ts';
import { type AuditDestination, auditBucket, auditWebhook } from './audit-sinks.ts';
import { createClusterOutbound, createClusterStore } from './cluster-server.ts';
import { openDurableSql } from './durable-sql.ts';
import type { Env } from './env.ts';
import { ErasableObject } from './erasable-object.ts';
import { createConsoleLogger } from './log.ts';

const WEBHOOK_KEY = { resource: CONFIGURATION_RESOURCE, namespace: '', name: 'audit-webhook' };
/** How long a look at the cluster's audit webhook is believed. */
const DESTINATIONS_AGE_MS = 10_000;
/** Events wait so long, so that they leave in few calls. */
const COLLECT_MS = 1_000;
const MAX_WAIT_MS = 300_000;
/** Batches of one run of the alarm. */
const MAX_BATCHES = 50;

/** Keeps the audit events of the cluster it is named after, and passes them on. */
export class AuditObject extends ErasableObject {
  readonly #rows: AuditRows;
  readonly #log: ReturnType<typeof createConsoleLogger>;
  #destinations: { list: AuditDestination[]; until: number } = { list: [], until: 0 };
  #failures = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#rows = new AuditRows(openDurableSql(ctx.storage));
    this.#log = createConsoleLogger(systemClock, { cluster: ctx.id.name ?? '', component: 'audit' });
  }

  /** Keeps events, each a JSON text without line breaks; the result is the number of older ones that it had to drop. */
  async append(events: string[]): Promise<number> {
    const destinations = await this.#known();
    const names = destinations.map(({ name }) => name);
    const lost = this.#rows.append(events, systemClock.now(), names);
    if (lost > 0) this.#log.error('audit events were dropped before they were passed on', { events: lost });
    if (names.length > 0 && (await this.ctx.storage.getAlarm()) === null)
      await this.ctx.storage.setAlarm(systemClock.now() + COLLECT_MS);
    return lost;
  }

  async read(query: AuditQuery): Promise<AuditPage> {
    return this.#rows.read(query);
  }

  override async alarm(): Promise<void> {
    let again = false;
    for (const destination of await this.#known()) {
      const outcome = await this.#forward(destination);
      again ||= outcome;
    }
    if (again) await this.ctx.storage.setAlarm(systemClock.now() + this.#wait());
  }

  /** Whether there is more to send. */
  async #forward(destination: AuditDestination): Promise<boolean> {
    for (let sent = 0; sent < MAX_BATCHES; sent++) {
      const batch = this.#rows.pending(destination.name);
      if (!batch) return false;
      try {
        await destination.send(batch);
      } catch (error) {
        this.#failures++;
        this.#log.warn('audit events were not passed on', { to: destination.name, error: String(error) });
        return true;
      }
      this.#failures = 0;
      this.#rows.delivered(destination.name, batch.seq);
    }
    return true;
  }

  #wait(): number {
    return this.#failures === 0 ? 0 : Math.min(MAX_WAIT_MS, COLLECT_MS * 2 ** this.#failures);
  }

  async #known(): Promise<AuditDestination[]> {
    const now = systemClock.now();
    if (now < this.#destinations.until) return this.#destinations.list;
    const list = await this.#look();
    for (const name of ['webhook', 'bucket'] as const) {
      if (list.some((destination) => destination.name === name)) this.#rows.ensureConsumer(name);
      else this.#rows.forgetConsumer(name);
    }
    this.#destinations = { list, until: now + DESTINATIONS_AGE_MS };
    return list;
  }

  async #look(): Promise<AuditDestination[]> {
    const { env } = this;
    const cluster = this.ctx.id.name ?? '';
    const list = env.AUDIT_BUCKET ? [auditBucket(env.AUDIT_BUCKET, cluster)] : [];
    const store = createClusterStore(env, cluster);
    const { object } = await store.shardOf(CONFIGURATION_RESOURCE).get(WEBHOOK_KEY);
    if (!object) return list;
    try {
      const input = JSON.parse(object.text) as StoredConfiguration;
      list.push(auditWebhook(input, createClusterOutbound(env, cluster, store)));
    } catch (error) {
      this.#log.error('the audit webhook is not valid', { error: String(error) });
    }
    return list;
  }
}
