/**
 * Bodies of custom resources. What they say of their own type is looked at after they were decoded, as upstream's
 * unstructured objects can be of any. Upstream: customresource_handler.go schemaCoercingDecoder.
 */
import { parseJson } from '../../machinery/exact-numbers.ts';
import {
  type Decoded,
  DecodeError,
  decodeBody,
  decodeObject,
  duplicateKeys,
  type FieldValidation,
} from '../../machinery/fields/index.ts';
import type { Kind } from '../../machinery/kind.ts';
import { apiVersionOf, type KubeObject } from '../../machinery/meta.ts';
import { badRequest } from '../../machinery/status.ts';

/** A body without a kind; the message has the form of all other faults of bodies. */
export class MissingKindError extends Error {
  override readonly name = 'MissingKindError';
}

export interface DecodedCustom extends Decoded<KubeObject> {
  fieldErrors: string[];
}

/** Decodes JSON by the version that it names. Throws a SyntaxError, DecodeError or MissingKindError. */
export function decodeCustom(kind: Kind, text: string, validation: FieldValidation): DecodedCustom {
  const raw = parseJson(text);
  if (raw !== null && (typeof raw !== 'object' || Array.isArray(raw))) throw new DecodeError('no object');
  const given = (raw ?? {}) as KubeObject;
  if (given.kind === undefined || given.kind === null || given.kind === '')
    throw new MissingKindError(`Object 'Kind' is missing in '${text}'`);
  if (given.kind !== kind.kind || !String(given.apiVersion ?? '').startsWith(`${kind.group}/`))
    return untyped(kind, given, validation === 'Ignore' ? [] : duplicateKeys(text));
  const version = kind.inVersion?.(String(given.apiVersion).slice(kind.group.length + 1));
  if (version) return decodeBody<KubeObject>(version.schema, text, validation);
  const unknown = Object.keys(given).filter((name) => !['apiVersion', 'kind', 'metadata'].includes(name));
  const duplicates = validation === 'Ignore' ? [] : duplicateKeys(text);
  return untyped(kind, given, [...duplicates, ...unknown.map((name) => `unknown field "${name}"`)]);
}

/** An object of another type: its metadata alone is known. */
function untyped(kind: Kind, given: KubeObject, fieldErrors: string[]): DecodedCustom {
  const schema = kind.schema.fields.get('metadata')?.schema;
  if (schema?.type === 'object' && given.metadata !== undefined)
    given.metadata = decodeObject<KubeObject['metadata']>(schema, given.metadata).object;
  return { object: given, unknown: fieldErrors.length > 0, fieldErrors };
}

/** Throws 400 for an object of another version than that of the path. */
export function checkVersion(kind: Kind, { apiVersion = '' }: KubeObject): void {
  const expected = apiVersionOf(kind.group, kind.version);
  if (apiVersion === expected) return;
  throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected})`);
}
