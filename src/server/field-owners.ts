/** metadata.managedFields of everything that is written. Upstream: apimachinery managedfields.FieldManager. */
import { trackUpdate } from '../machinery/apply/index.ts';
import type { Kind, KindRegistry } from '../machinery/kind.ts';
import { apiVersionOf } from '../machinery/meta.ts';
import type { FieldOwners } from './scope.ts';

/** Fields that an endpoint does not write, whatever a client sends. Upstream: GetResetFields of each strategy. */
export function resetFieldsOf(kind: Kind, subresource: string): readonly string[] {
  if (subresource === 'status') return ['spec', 'metadata.labels', 'metadata.annotations'].slice(0, 1);
  const hasStatus = kind.subresources.some(({ name }) => name === 'status');
  return subresource === '' && hasStatus ? ['status'] : [];
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
