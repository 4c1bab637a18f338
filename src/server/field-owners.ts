/** metadata.managedFields of everything that is written. Upstream: apimachinery managedfields.FieldManager. */
import {
  checkType,
  fitsType,
  trackUpdate,
  UnnamedItemError,
  type UpdateRequest,
  type Versioned,
} from '../machinery/apply/index.ts';
import { decodeObject } from '../machinery/fields/index.ts';
import type { Kind, KindRegistry } from '../machinery/kind.ts';
import { apiVersionOf, type KubeObject, type ManagedFieldsEntry } from '../machinery/meta.ts';
import { StatusError } from '../machinery/status.ts';
import type { FieldConversions } from './custom/contract.ts';

export interface OwnershipInput {
  kind: Kind;
  /** The object to be written; its managedFields are set. */
  object: KubeObject;
  /** The stored object; undefined when there is none. */
  live: KubeObject | undefined;
  manager: string;
  subresource: string;
  /** Milliseconds since the epoch. */
  now: number;
  conversions?: FieldConversions | undefined;
}

/** Keeps metadata.managedFields. Upstream: apimachinery managedfields.FieldManager. */
export interface FieldOwners {
  recordUpdate(input: OwnershipInput): void;
}

const resetFields = new WeakMap<Kind, Map<string, readonly string[]>>();

/** Fields that an endpoint does not write, whatever a client sends. Upstream: GetResetFields of each strategy. */
export function resetFieldsOf(kind: Kind, subresource: string): readonly string[] {
  let known = resetFields.get(kind);
  if (known === undefined) {
    known = new Map();
    resetFields.set(kind, known);
  }
  let fields = known.get(subresource);
  if (fields === undefined) {
    fields = listResetFields(kind, subresource);
    known.set(subresource, fields);
  }
  return fields;
}

function listResetFields(kind: Kind, subresource: string): readonly string[] {
  const definition = kind.subresources.find(({ name }) => name === subresource);
  const own = (subresource === '' ? kind.strategy : definition?.strategy)?.resetFields ?? [];
  if (subresource === 'status') return ['spec', ...own];
  // Other subresources keep what their strategies leave alone out of managed fields only where they say so.
  if (subresource !== '') return own;
  const hasStatus = kind.subresources.some(({ name }) => name === 'status');
  return hasStatus ? ['status', ...own] : own;
}

export function createFieldOwners(kinds: KindRegistry): FieldOwners {
  return {
    recordUpdate({ kind, object, live, manager, subresource, now, conversions }) {
      const managed = trackOrForget(kind, {
        live: live ?? null,
        object: asWritten(kind, object),
        schema: kind.schema,
        apiVersion: apiVersionOf(kind.group, kind.version),
        manager,
        subresource,
        now,
        resetFields: resetFieldsOf(kind, subresource),
        convert: (source, apiVersion) => convertTo(kinds, kind, { object: source, apiVersion, conversions }),
      });
      if (managed) object.metadata.managedFields = managed;
      else delete object.metadata.managedFields;
    },
  };
}

/** An object as it would be read in its version: what a client sent may be written in another way there. */
function asWritten(kind: Kind, object: KubeObject): KubeObject {
  if (kind.inVersion || !kind.toStorage || !kind.fromStorage) return object;
  const { managedFields } = object.metadata;
  const written = kind.fromStorage(kind.toStorage(object));
  return { ...written, metadata: { ...written.metadata, ...(managedFields ? { managedFields } : {}) } };
}

/** An object that does not fit its schema has no managers, until it does. Upstream: UpdateNoErrors. */
function trackOrForget(kind: Kind, request: UpdateRequest): ManagedFieldsEntry[] | undefined {
  const isCustom = kind.inVersion !== undefined;
  const fits = (object: KubeObject): boolean => fitsType(request.schema, object);
  if (isCustom && !(fits(request.object) && (!request.live || fits(request.live)))) return undefined;
  try {
    return trackUpdate(request);
  } catch (error) {
    // What a built-in kind was decoded to fits but for items of lists that lack the name of theirs.
    if (error instanceof UnnamedItemError || (isCustom && error instanceof StatusError)) return undefined;
    throw error;
  }
}

interface ConvertInput {
  object: KubeObject;
  apiVersion: string;
  conversions?: FieldConversions | undefined;
}

/** An object of `kind` in another served version; undefined when that version is not served. */
export function convertTo(
  kinds: KindRegistry,
  kind: Kind,
  { object, apiVersion, conversions }: ConvertInput,
): Versioned | undefined {
  if (kind.inVersion) return recast(kind, { object, apiVersion, conversions });
  const target = kindAt(kinds, kind, apiVersion);
  const source = kindAt(kinds, kind, object.apiVersion ?? apiVersionOf(kind.group, kind.version));
  if (!target || !source) return undefined;
  const copy = decodeObject<KubeObject>(source.schema, structuredClone(object)).object;
  const stored = source.toStorage ? source.toStorage(copy) : copy;
  const converted = target.fromStorage ? target.fromStorage(stored) : stored;
  const decoded = decodeObject<KubeObject>(target.schema, converted).object;
  target.defaults?.(decoded);
  decoded.apiVersion = apiVersion;
  return { object: decoded, schema: target.schema };
}

/**
 * A custom resource as managers of another version see it: converted, and not pruned. Throws a 500 StatusError where it
 * does not fit that version, which upstream answers an apply with.
 */
function recast(kind: Kind, { object, apiVersion, conversions }: ConvertInput): Versioned {
  const target = kind.inVersion?.(apiVersion.slice(kind.group.length + 1));
  if (!target || !apiVersion.startsWith(`${kind.group}/`))
    throw new StatusError(500, '', `request to convert CR to an invalid group/version: ${apiVersion}`);
  const converted = conversions ? conversions.now(object, apiVersion) : { ...object, apiVersion };
  checkType(target.schema, converted);
  return { object: converted, schema: target.schema };
}

/** The kind that serves the same objects in a version. */
function kindAt(kinds: KindRegistry, kind: Kind, apiVersion: string): Kind | undefined {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const found = kinds.byKind(group, version, kind.kind);
  return found?.storedAs === kind.storedAs ? found : undefined;
}
