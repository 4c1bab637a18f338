/** Puts the patch of a webhook into the object of the request. */
import { schemaOfKind } from '../../../kinds/index.ts';
import { parseJson } from '../../../machinery/exact-numbers.ts';
import { DecodeError, decodeObject } from '../../../machinery/fields/index.ts';
import { jsonSyntaxMessage } from '../../../machinery/json-syntax.ts';
import { apiVersionOf, type Json, type JsonObject, type KubeObject } from '../../../machinery/meta.ts';
import { applyOperations, JsonPatchFailure } from '../../../machinery/patch/index.ts';
import { quote } from '../../../machinery/quote.ts';
import type { ObjectSchema } from '../../../machinery/schema.ts';
import { internalError, StatusError } from '../../../machinery/status.ts';
import type { AdmissionContext } from '../../contract.ts';
import { type VersionedRequest, writeBack } from '../expressions/index.ts';
import type { Verdict } from './admission-review.ts';
import { CallFailure } from './call-failure.ts';

export interface Patched {
  changed: boolean;
  /** The operations, where there were any. */
  patch?: readonly (JsonObject | null)[];
}

/** Changes `versioned.request.object`. Throws a CallFailure for what is no patch and 500 for one that does not apply. */
export async function applyPatch(
  { patch, patchType }: Verdict,
  versioned: VersionedRequest,
  { webhook, context }: { webhook: string; context: AdmissionContext },
): Promise<Patched> {
  if (patch === '') return { changed: false };
  const operations = operationsOf(patch);
  if (operations.length === 0) return { changed: false };
  const before = versioned.object;
  if (before === null) {
    const what = `admission webhook ${JSON.stringify(webhook)} attempted to modify the object`;
    throw internalError(`${what}, which is not supported for this operation`);
  }
  if (patchType !== 'JSONPatch') throw new CallFailure(`unsupported patch type ${quote(patchType)}`);
  const { schema, defaults } = typeOf(versioned);
  const after = decoded(schema, patchedBy(before, operations));
  const changed = JSON.stringify(after) !== JSON.stringify(decoded(schema, before));
  if (!changed) return { changed, patch: operations };
  defaults?.(after);
  await keep(after, versioned, context);
  return { changed, patch: operations };
}

function operationsOf(text: string): readonly (JsonObject | null)[] {
  const fail = (why: string): CallFailure => new CallFailure(`received undecodable patch in webhook response: ${why}`);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw fail(jsonSyntaxMessage(text));
  }
  if (value === null) return [];
  if (!Array.isArray(value))
    throw fail(`json: cannot unmarshal ${shapeOf(value)} into Go value of type jsonpatch.Patch`);
  const odd = value.find((each) => each !== null && shapeOf(each) !== 'object') as unknown;
  if (odd !== undefined) throw fail(`json: cannot unmarshal ${shapeOf(odd)} into Go value of type jsonpatch.Operation`);
  return value as (JsonObject | null)[];
}

function shapeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function patchedBy(document: JsonObject, operations: readonly (JsonObject | null)[]): Json {
  try {
    return applyOperations(document, operations);
  } catch (error) {
    if (error instanceof JsonPatchFailure) throw internalError(error.message);
    throw error;
  }
}

/** The type of the bodies of the form: a kind, or what a subresource takes. */
function typeOf({ form }: VersionedRequest): { schema: ObjectSchema; defaults?: (object: KubeObject) => void } {
  const { of, kind } = form;
  const isOwn = of.group === kind.group && of.version === kind.version && of.kind === kind.kind;
  if (isOwn) return { schema: of.schema, ...(of.defaults ? { defaults: (object) => of.defaults?.(object) } : {}) };
  const schema = schemaOfKind(kind.group, kind.version, kind.kind);
  if (!schema)
    throw internalError(
      `no kind ${quote(kind.kind)} is registered for version ${quote(apiVersionOf(kind.group, kind.version))}`,
    );
  return { schema };
}

function decoded(schema: ObjectSchema, document: Json): KubeObject {
  try {
    return decodeObject<KubeObject>(schema, structuredClone(document)).object;
  } catch (error) {
    if (error instanceof DecodeError) throw internalError(error.message);
    throw error;
  }
}

/** The object of the request becomes what the webhook made of it; who holds a reference to it sees that. */
async function keep(after: KubeObject, versioned: VersionedRequest, context: AdmissionContext): Promise<void> {
  const { group, version, kind } = versioned.form.kind;
  if (after.apiVersion !== apiVersionOf(group, version) || after.kind !== kind) {
    const type = `${(after.apiVersion ?? '').split('/').at(-1)}.${after.kind ?? ''}`;
    throw internalError(`converting (${type}) to (${version}.${kind}): unknown conversion`);
  }
  try {
    await writeBack(versioned, after, context);
  } catch (error) {
    throw error instanceof StatusError ? error : internalError((error as Error).message);
  }
}
