/**
 * A shard whose objects are all in the version that a request asks for, where a webhook converts between versions.
 * Verbs know nothing of it. Upstream: the codec of apiserver/customresource_handler.go crdConversionRESTOptionsGetter.
 */
import { parseJson } from '../../machinery/exact-numbers.ts';
import type { CustomDefinition, Kind } from '../../machinery/kind.ts';
import { apiVersionOf, type KubeObject } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status.ts';
import type {
  EncodedObject,
  Shard,
  StoredObject,
  Transaction,
  TransactionResult,
  WatchStream,
  WriteOp,
} from '../../storage/contract.ts';
import { encodeObject, textAtRevision } from '../encode.ts';
import { RelayedWatch } from './relayed-watch.ts';

/** Objects of one definition in `apiVersion`, in order. */
export type Convert = (objects: readonly KubeObject[], apiVersion: string) => Promise<KubeObject[]>;

export interface ConvertingOptions {
  kind: Kind;
  definition: CustomDefinition;
  convert: Convert;
}

export function createConvertingShard(shard: Shard, options: ConvertingOptions): Shard {
  const { kind } = options;
  const toStored = (object: StoredObject | null): Promise<StoredObject | null> => convertStored(options, object);
  return {
    revision: () => shard.revision(),
    changes: (query) => shard.changes(query),
    ...(shard.dependents ? { dependents: (owner: string) => shard.dependents!(owner) } : {}),
    async get(key) {
      const result = await shard.get(key);
      return key.resource === kind.storedAs ? { ...result, object: await toStored(result.object) } : result;
    },
    async list(query) {
      const result = await shard.list(query);
      if (!result.ok || result.count === 0 || query.resource !== kind.storedAs) return result;
      const objects = await readAll(options, parseJson(`[${result.text}]`) as KubeObject[]);
      return { ...result, text: objects.map((object) => textOf(kind, object)).join(',') };
    },
    transact: (transaction) => transact(shard, options, transaction),
    async watch(query) {
      const stream = await shard.watch(query);
      return query.resource === kind.storedAs ? convertStream(options, stream) : stream;
    },
  };
}

/** Stored objects in the version that is asked for. */
async function readAll({ kind, definition, convert }: ConvertingOptions, stored: KubeObject[]): Promise<KubeObject[]> {
  return convert(
    stored.map((object) => definition.read(object)),
    apiVersionOf(kind.group, kind.version),
  );
}

const textOf = (kind: Kind, object: KubeObject): string =>
  textAtRevision(encodeObject(kind, object), object.metadata.resourceVersion ?? '');

async function convertStored(options: ConvertingOptions, stored: StoredObject | null): Promise<StoredObject | null> {
  if (!stored) return null;
  const [object] = await readAll(options, [parseJson(stored.text) as KubeObject]);
  return { ...stored, text: textOf(options.kind, object!) };
}

async function transact(
  shard: Shard,
  options: ConvertingOptions,
  transaction: Transaction,
): Promise<TransactionResult> {
  const { storedAs } = options.kind;
  const ops = await Promise.all(
    transaction.ops.map(async (op): Promise<WriteOp> => {
      if (op.key.resource !== storedAs || !('object' in op) || !op.object) return op;
      return { ...op, object: await convertEncoded(options, op.object) };
    }),
  );
  const result = await shard.transact({ ...transaction, ops });
  const own = (object: StoredObject | null): Promise<StoredObject | null> =>
    object?.key.resource === storedAs ? convertStored(options, object) : Promise.resolve(object);
  if (result.ok) return { ...result, objects: await Promise.all(result.objects.map(own)) };
  return result.current ? { ...result, current: (await own(result.current))! } : result;
}

/** What is written, in the version that is stored; it is no more than that version knows. */
async function convertEncoded(options: ConvertingOptions, encoded: EncodedObject): Promise<EncodedObject> {
  const { kind, definition, convert } = options;
  const target = definition.stored();
  const others = definition.selectable().filter(({ version }) => version !== target.version);
  if (target.version === kind.version && others.length === 0) return encoded;
  const object = parseJson(encoded.text) as KubeObject;
  let written = encoded;
  if (target.version !== kind.version) {
    const [converted] = await convert([object], apiVersionOf(target.group, target.version));
    written = encodeObject(target, target.fromStorage!(converted!));
  }
  const fields = await Promise.all(others.map((other) => fieldsIn(other, { object, kind, written, convert })));
  const { projection } = written;
  return {
    ...written,
    projection: { ...projection, fields: Object.assign({}, projection.fields, ...fields) },
    ...(encoded.claims ? { claims: encoded.claims } : {}),
  };
}

interface WrittenObject {
  /** As it was sent, in the version of `kind`. */
  object: KubeObject;
  kind: Kind;
  written: EncodedObject;
  convert: Convert;
}

/**
 * The values of the fields of another version, for watches that select by them. A webhook that fails does not keep the
 * object from being written: it is then found by lists of that version only.
 */
async function fieldsIn(
  other: Kind,
  { object, kind, written, convert }: WrittenObject,
): Promise<Record<string, string>> {
  if (other.version === kind.version) return other.fieldsOf?.(object) ?? {};
  try {
    const [converted] = await convert(
      [parseJson(written.text) as KubeObject],
      apiVersionOf(other.group, other.version),
    );
    return other.fieldsOf?.(converted!) ?? {};
  } catch (error) {
    if (error instanceof StatusError) return {};
    throw error;
  }
}

/** Frames are converted one after the other, so that their order stays. */
function convertStream(options: ConvertingOptions, stream: WatchStream): WatchStream {
  const relayed = new RelayedWatch(stream);
  let last = Promise.resolve();
  const inOrder = (step: () => Promise<void> | void): void => {
    last = last.then(step).catch((error: unknown) => {
      if (error instanceof StatusError) relayed.pass(`${JSON.stringify({ type: 'ERROR', object: error.status })}\n`);
      relayed.end('not converted');
    });
  };
  stream.onFrame = (frame) => inOrder(async () => relayed.pass(await convertFrame(options, frame)));
  stream.onClose = (why) => inOrder(() => relayed.end(why));
  return relayed;
}

async function convertFrame(options: ConvertingOptions, frame: string): Promise<string> {
  const events = frame
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parseJson(line) as { type: string; object: KubeObject });
  const changed = events.filter(({ type }) => type !== 'BOOKMARK' && type !== 'ERROR');
  const objects = await readAll(
    options,
    changed.map(({ object }) => object),
  );
  for (const [index, event] of changed.entries()) event.object = objects[index]!;
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}
