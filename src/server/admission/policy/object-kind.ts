/** Makes objects of what mutations give: decoded, checked and with defaults, as if a client had sent them. */
import { schemaOfKind } from '../../../kinds/index.ts';
import { copyJson } from '../../../machinery/copy-json.ts';
import { DecodeError, decodeObject, fieldErrorsOf } from '../../../machinery/fields/index.ts';
import { apiVersionOf, type JsonObject, type KubeObject } from '../../../machinery/meta.ts';
import type { ObjectSchema } from '../../../machinery/schema.ts';
import { internalError, serviceUnavailable } from '../../../machinery/status.ts';
import type { ResourceForm } from '../match/index.ts';

/** The structure of the bodies of a form. Throws 503 when it is not known. */
export function schemaOfForm({ kind, of }: ResourceForm): ObjectSchema {
  if (isOwn({ kind, of })) return of.schema;
  const schema = schemaOfKind(kind.group, kind.version, kind.kind);
  if (schema) return schema;
  const name = `${kind.group}/${kind.version}, Kind=${kind.kind}`;
  throw serviceUnavailable(
    `Resource kind ${name} not found. There can be a delay between when CustomResourceDefinitions are created and when they are available.`,
  );
}

const isOwn = ({ kind, of }: Pick<ResourceForm, 'kind' | 'of'>): boolean =>
  kind.group === of.group && kind.version === of.version && kind.kind === of.kind;

/** Decodes a mutated object; with `strict`, unknown fields are refused. Throws a 500 StatusError where it is no object of its type. */
export function decodeMutated(json: JsonObject, form: ResourceForm, { strict }: { strict: boolean }): KubeObject {
  const schema = schemaOfForm(form);
  try {
    const decoded = decodeObject<KubeObject>(schema, copyJson(json));
    // Custom resources lose unknown fields without a word.
    const checked = strict && decoded.unknown && !form.of.itemsCarryType;
    const faults = checked ? fieldErrorsOf(schema, JSON.stringify(json), decoded) : [];
    if (faults.length > 0) throw internalError(`strict decoding error: ${faults.join(', ')}`);
    const { object } = decoded;
    object.apiVersion = apiVersionOf(form.kind.group, form.kind.version);
    object.kind = form.kind.kind;
    object.metadata ??= {};
    if (isOwn(form)) form.of.defaults?.(object);
    return object;
  } catch (error) {
    if (error instanceof DecodeError) throw internalError(error.message);
    throw error;
  }
}
