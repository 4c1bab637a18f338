/** When definitions are settled: after writes that concern them, and when a request finds work that was left behind. */
import { customResourceDefinitions, type DefinitionRecord } from '../../kinds/index.ts';
import type { Kind } from '../../machinery/kind.ts';
import { forbidden, type StatusError } from '../../machinery/status.ts';
import type { AttachedWrite } from '../contract.ts';
import { resourceNotFound } from '../errors.ts';
import { type ServerParts, subjectOf } from '../scope.ts';
import type { DefinitionKeeper, WrittenObject } from './contract.ts';
import type { CustomRegistry } from './custom-registry.ts';
import { recordKey, recordUid } from './definition-records.ts';
import { settleDefinition } from './settle.ts';

const terminatingError = (kind: Kind, name: string): StatusError =>
  forbidden(subjectOf(kind), name, 'create not allowed while custom resource definition is terminating');

/** Milliseconds between two looks at a definition that could not be settled. */
const PAUSE_MS = 1_000;
/** Milliseconds after which a run is given up for dead: a request that was cancelled takes its work along. */
const DEAD_MS = 30_000;

interface Run {
  started: number;
  /** The definition was written meanwhile. */
  again: boolean;
}

export function createDefinitionKeeper(parts: () => ServerParts, registry: CustomRegistry): DefinitionKeeper {
  return new Keeper(parts, registry);
}

class Keeper implements DefinitionKeeper {
  readonly #parts: () => ServerParts;
  readonly #registry: CustomRegistry;
  readonly #tried = new Map<string, number>();
  /** Definitions that this isolate settles at the moment. */
  readonly #running = new Map<string, Run>();

  constructor(parts: () => ServerParts, registry: CustomRegistry) {
    this.#parts = parts;
    this.#registry = registry;
  }

  async written({ type, kind, key }: WrittenObject): Promise<void> {
    if (key.resource === customResourceDefinitions.storedAs) {
      if (type !== 'delete') await this.#settle(key.name);
      return this.#settleGroup(key.name);
    }
    if (!kind.definition?.terminating || type !== 'delete' || !(await this.#isEmpty(kind))) return;
    await this.#settle(kind.definition.name);
    await this.#settleGroup(kind.definition.name);
  }

  checkCreate(kind: Kind, name: string): void {
    if (kind.definition?.terminating) throw terminatingError(kind, name);
  }

  guard(kind: Kind): AttachedWrite | undefined {
    const { definition } = kind;
    if (!definition) return undefined;
    const { options, config } = this.#parts();
    const key = recordKey(definition.name);
    if (options.store.shardOf(key.resource) !== options.store.shardOf(kind.storedAs)) return undefined;
    return {
      ops: [{ type: 'check', key, expect: { uid: recordUid(definition.uid, false) } }],
      claims: [],
      async retry({ why }) {
        await config.reload(key.resource);
        throw why === 'NotFound' ? resourceNotFound() : terminatingError(kind, '');
      },
    };
  }

  async catchUp(): Promise<void> {
    const now = this.#now();
    const { unsettled } = await this.#registry.index();
    const due = unsettled.filter(({ metadata }) => (this.#tried.get(metadata.name) ?? 0) + PAUSE_MS <= now);
    for (const { metadata } of due) this.#tried.set(metadata.name, now);
    await this.#settleAll(due);
  }

  #now(): number {
    return this.#parts().options.clock.now();
  }

  async #settle(name: string): Promise<void> {
    const known = this.#running.get(name);
    if (known && known.started + DEAD_MS > this.#now()) {
      known.again = true;
      return;
    }
    const run: Run = { started: this.#now(), again: true };
    this.#running.set(name, run);
    const parts = this.#parts();
    // What settling writes calls for no settling.
    const quiet: ServerParts = { ...parts, definitions: new QuietKeeper(this.#parts, this.#registry) };
    try {
      while (run.again) {
        run.again = false;
        await settleDefinition({ parts: quiet, registry: this.#registry }, name);
      }
    } catch (error) {
      // The write that led here is done; the next request that looks at definitions tries again.
      parts.options.log.warn('definition not settled', { definition: name, error: String(error) });
    } finally {
      if (this.#running.get(name) === run) this.#running.delete(name);
    }
  }

  async #settleAll(records: readonly DefinitionRecord[]): Promise<void> {
    for (const { metadata } of records) await this.#settle(metadata.name);
  }

  /** Names that were let go may be what others of the group wait for. */
  async #settleGroup(name: string): Promise<void> {
    const group = name.slice(name.indexOf('.') + 1);
    const waiting = (await this.#registry.index()).inGroup(group).filter((record) => record.unsettled);
    await this.#settleAll(waiting.filter(({ metadata }) => metadata.name !== name));
  }

  async #isEmpty({ storedAs }: Kind): Promise<boolean> {
    const shard = this.#parts().options.store.shardOf(storedAs);
    const page = await shard.list({ resource: storedAs, limit: 1, maxCharacters: 1 });
    return !page.ok || page.count === 0;
  }
}

class QuietKeeper extends Keeper {
  override async written(): Promise<void> {}
}
