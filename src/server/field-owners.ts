/** metadata.managedFields of everything that is written. Upstream: apimachinery managedfields.FieldManager. */
import { trackUpdate } from '../machinery/apply/index.ts';
import type { Kind, KindRegistry } from '../machinery/kind.ts';
import { apiVersionOf } from '../machinery/meta.ts';
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

export function createFieldOwners(_kinds: KindRegistry): FieldOwners {
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
      });
      if (managed) object.metadata.managedFields = managed;
      else delete object.metadata.managedFields;
    },
  };
}
