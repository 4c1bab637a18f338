/** metadata.managedFields of everything that is written. Upstream: apimachinery managedfields.FieldManager. */
import { trackUpdate, type Versioned } from '../machinery/apply/index.ts';
import { decodeObject } from '../machinery/fields/index.ts';
import type { Kind, KindRegistry } from '../machinery/kind.ts';
import { apiVersionOf, type KubeObject } from '../machinery/meta.ts';
import type { FieldOwners } from './scope.ts';

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
  const hasStatus = kind.subresources.some(({ name }) => name === 'status');
  return hasStatus ? ['status', ...own] : own;
}

export function createFieldOwners(kinds: KindRegistry): FieldOwners {
  return {
    recordUpdate({ kind, object, live, manager, subresource, now }) {
      const managed = trackUpdate({
        live: live ?? null,
        object,
        schema: kind.schema,
        apiVersion: apiVersionOf(kind.group, kind.version),
        manager,
        subresource,
        now,
        resetFields: resetFieldsOf(kind, subresource),
        convert: (source, apiVersion) => convertTo(kinds, kind, { object: source, apiVersion }),
      });
      if (managed) object.metadata.managedFields = managed;
      else delete object.metadata.managedFields;
    },
  };
}

/** An object of `kind` in another served version; undefined when that version is not served. */
export function convertTo(
  kinds: KindRegistry,
  kind: Kind,
  { object, apiVersion }: { object: KubeObject; apiVersion: string },
): Versioned | undefined {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const target = kinds.byKind(group, version, kind.kind);
  if (!target || target.storedAs !== kind.storedAs) return undefined;
  const copy = decodeObject<KubeObject>(kind.schema, structuredClone(object)).object;
  const stored = kind.toStorage ? kind.toStorage(copy) : copy;
  const converted = target.fromStorage ? target.fromStorage(stored) : stored;
  const decoded = decodeObject<KubeObject>(target.schema, converted).object;
  target.defaults?.(decoded);
  return { object: decoded, schema: target.schema };
}
