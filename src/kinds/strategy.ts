import { zeroOf } from '../machinery/fields/index.ts';
import type { Strategy } from '../machinery/kind.ts';
import type { KubeObject, ObjectMeta } from '../machinery/meta.ts';
import type { ObjectSchema } from '../machinery/schema.ts';

/**
 * The strategy of a kind that has a status: a new object starts with an empty one, an update keeps the old one; then
 * the kind's own hooks run. `schema` is asked for lazily, as kinds are defined at start-up.
 */
export function composeStrategy<T extends KubeObject>(
  schema: () => ObjectSchema,
  own: Strategy<T> = {},
  statusOnCreate = false,
): Strategy<T> {
  return {
    ...own,
    prepareForCreate(object, context) {
      if (!statusOnCreate) setStatus(object, emptyStatus(schema()));
      own.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object, old, context) {
      setStatus(object, (old as KubeObject).status);
      own.prepareForUpdate?.(object, old, context);
    },
  };
}

/** The strategy of `/status`: the body's status is taken, its other fields but metadata are not. */
export function composeStatusStrategy<T extends KubeObject>(own: Strategy<T> = {}): Strategy<T> {
  return {
    ...own,
    prepareForUpdate(object, old, context) {
      const target = object as KubeObject;
      for (const field of Object.keys(target)) if (!STATUS_FIELDS.has(field)) delete target[field];
      for (const [field, value] of Object.entries(old)) if (!STATUS_FIELDS.has(field)) target[field] = value;
      own.prepareForUpdate?.(object, old, context);
    },
  };
}

/** What an update of the status leaves of metadata where it leaves it alone. Upstream: metav1.ResetObjectMetaForStatus. */
export const STATUS_METADATA = [
  'deletionTimestamp',
  'generation',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
] as const satisfies readonly (keyof ObjectMeta)[];

/** A status strategy that puts `fields` of metadata back to what is stored, and lets nobody own metadata through it. */
export function keepingMetadata<T extends KubeObject>(
  fields: readonly (keyof ObjectMeta)[],
  own: Strategy<T> = {},
): Strategy<T> {
  return {
    ...own,
    resetFields: ['metadata'],
    prepareForUpdate(object, old, context) {
      const { metadata } = object;
      for (const field of fields) {
        if (old.metadata[field] === undefined) delete metadata[field];
        else Object.assign(metadata, { [field]: old.metadata[field] });
      }
      own.prepareForUpdate?.(object, old, context);
    },
  };
}

const STATUS_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status']);

/** Undefined for types that leave an empty status out. */
function emptyStatus(schema: ObjectSchema): unknown {
  const field = schema.fields.get('status');
  return field?.always === true ? zeroOf(field.schema) : undefined;
}

function setStatus(object: KubeObject, status: unknown): void {
  if (status === undefined) delete object.status;
  else object.status = status;
}

/** Lets the generation rise for a change that upstream sees and the normal form does not show. */
export function raiseGeneration(object: KubeObject, old: KubeObject): void {
  object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}
