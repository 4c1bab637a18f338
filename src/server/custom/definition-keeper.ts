/** When definitions are settled: after writes that concern them, and when a request finds work that was left behind. */
import { customResourceDefinitions, type DefinitionRecord } from '../../kinds/index.ts';
import type { Kind } from '../../machinery/kind.ts';
import { forbidden, type StatusError } from '../../machinery/status.ts';
import { resourceNotFound } from '../errors.ts';
import { type ServerParts, subjectOf } from '../scope.ts';
import type { DefinitionKeeper } from './contract.ts';
import type { CustomRegistry } from './custom-registry.ts';
import { recordKey, recordUid } from './definition-records.ts';
import { settleDefinition } from './settle.ts';

const terminatingError = (kind: Kind, name: string): StatusError =>
  forbidden(subjectOf(kind), name, 'create not allowed while custom resource definition is terminating');

/** Milliseconds between two looks at a definition that could not be settled. */
const PAUSE_MS = 1_000;

export function createDefinitionKeeper(parts: () => ServerParts, registry: CustomRegistry): DefinitionKeeper {
  const tried = new Map<string, number>();
  /** Definitions that this isolate settles at the moment: their own writes come back here. */
  const running = new Set<string>();

  const settle = async (name: string): Promise<void> => {
    if (running.has(name)) return;
    running.add(name);
    try {
      await settleDefinition({ parts: parts(), registry }, name);
    } catch (error) {
      // The write that led here is done; the next request that looks at definitions tries again.
      parts().options.log.warn('definition not settled', { definition: name, error: String(error) });
    } finally {
      running.delete(name);
    }
  };

  const settleAll = async (records: readonly DefinitionRecord[]): Promise<void> => {
    for (const { metadata } of records) await settle(metadata.name);
  };

  /** Names that were let go may be what others of the group wait for. */
  const settleGroup = async (name: string): Promise<void> => {
    const group = name.slice(name.indexOf('.') + 1);
    const waiting = (await registry.index()).inGroup(group).filter((record) => record.unsettled);
    await settleAll(waiting.filter(({ metadata }) => metadata.name !== name));
  };

  return {
    async written({ type, kind, key }) {
      if (key.resource === customResourceDefinitions.storedAs) {
        if (running.has(key.name)) return;
        if (type !== 'delete') await settle(key.name);
        await settleGroup(key.name);
        return;
      }
      if (kind.definition?.terminating && type === 'delete') await settle(kind.definition.name);
    },
    checkCreate(kind, name) {
      if (kind.definition?.terminating) throw terminatingError(kind, name);
    },
    guard(kind) {
      const { definition } = kind;
      if (!definition) return undefined;
      const { store } = parts().options;
      const key = recordKey(definition.name);
      if (store.shardOf(key.resource) !== store.shardOf(kind.storedAs)) return undefined;
      return {
        ops: [{ type: 'check', key, expect: { uid: recordUid(definition.uid, false) } }],
        claims: [],
        async retry({ why }) {
          parts().config.expire();
          throw why === 'NotFound' ? resourceNotFound() : terminatingError(kind, '');
        },
      };
    },
    async catchUp() {
      const now = parts().options.clock.now();
      const due = (await registry.index()).unsettled.filter(
        ({ metadata }) => (tried.get(metadata.name) ?? 0) + PAUSE_MS <= now,
      );
      for (const { metadata } of due) tried.set(metadata.name, now);
      await settleAll(due);
    },
  };
}
