/** Webhook conversion in the course of one request. */
import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { internalError } from '../../machinery/status.ts';
import type { Store } from '../../storage/contract.ts';
import type { ResourceCall, ServerParts } from '../scope.ts';
import type { ConversionSource, CustomConverter } from './contract.ts';
import { type Convert, createConvertingShard } from './converting-shard.ts';

/** The call with a store that has all objects in its version, where a webhook converts them. */
export function withConversion(call: ResourceCall): ResourceCall {
  const { parts, kind } = call;
  if (!kind.definition?.webhook) return call;
  const store = storeFor(parts, kind);
  const conversions = new Conversions(converterOf(parts, kind));
  return { ...call, conversions, parts: { ...parts, options: { ...parts.options, store } } };
}

/** The store with all objects of `kind` in its version. */
export function storeFor(parts: ServerParts, kind: Kind): Store {
  const { definition } = kind;
  const { store } = parts.options;
  if (!definition?.webhook) return store;
  const convert = converterOf(parts, kind);
  return {
    shardOf(resource) {
      const shard = store.shardOf(resource);
      return resource === kind.storedAs ? createConvertingShard(shard, { kind, definition, convert }) : shard;
    },
  };
}

function converterOf({ converter }: ServerParts, kind: Kind): Convert {
  const { name, uid, generation, webhook } = kind.definition!;
  const source = { name, uid, generation, kind: kind.kind, webhook } as ConversionSource;
  return async (objects, apiVersion) => {
    if (objects.every((object) => object.apiVersion === apiVersion)) return [...objects];
    if (!converter) throw internalError('this server converts no custom resources');
    return (converter satisfies CustomConverter).convert(source, objects, apiVersion);
  };
}

/** Thrown where a conversion is needed at once that nobody has made. */
class PendingConversion extends Error {
  readonly object: KubeObject;
  readonly apiVersion: string;

  constructor(object: KubeObject, apiVersion: string) {
    super('pending conversion');
    this.object = object;
    this.apiVersion = apiVersion;
  }
}

/** How often a computation is started over; each time it has one conversion more. */
const MAX_CONVERSIONS = 32;

/**
 * Conversions for code that cannot wait: managers of fields are compared in all their versions. Such code is pure, so
 * it is run again with every conversion that it turned out to need.
 */
class Conversions {
  readonly #convert: Convert;
  readonly #known = new Map<string, KubeObject>();

  constructor(convert: Convert) {
    this.#convert = convert;
  }

  /** The object in another version; inside `run` only. */
  now(object: KubeObject, apiVersion: string): KubeObject {
    if (object.apiVersion === apiVersion) return object;
    const known = this.#known.get(keyOf(object, apiVersion));
    if (!known) throw new PendingConversion(object, apiVersion);
    return structuredClone(known);
  }

  async run<T>(compute: () => T | Promise<T>): Promise<T> {
    for (let tries = 0; tries < MAX_CONVERSIONS; tries++) {
      try {
        return await compute();
      } catch (error) {
        if (!(error instanceof PendingConversion)) throw error;
        const [converted] = await this.#convert([error.object], error.apiVersion);
        this.#known.set(keyOf(error.object, error.apiVersion), converted!);
      }
    }
    throw internalError('the object needs too many conversions');
  }
}

const keyOf = (object: KubeObject, apiVersion: string): string => `${apiVersion} ${JSON.stringify(object)}`;
