/** What the body of a PATCH makes of an object. Upstream: handlers/patch.go, its four mechanisms. */
import { apply } from '../../machinery/apply/index.ts';
import { copyJson } from '../../machinery/copy-json.ts';
import {
  convertMessage,
  type Decoded,
  DecodeError,
  decodeObject,
  duplicateKeys,
  fieldErrorsOf,
} from '../../machinery/fields/index.ts';
import { goText } from '../../machinery/go-value.ts';
import { jsonSyntaxMessage } from '../../machinery/json-syntax.ts';
import { apiVersionOf, type Json, type JsonObject, type KubeObject } from '../../machinery/meta.ts';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from '../../machinery/patch/index.ts';
import { quote } from '../../machinery/quote.ts';
import { badRequest, invalid, StatusError } from '../../machinery/status.ts';
import { convertTo, resetFieldsOf } from '../field-owners.ts';
import { contentTypeOf } from '../negotiation/body.ts';
import { yamlToJson } from '../negotiation/yaml-reader.ts';
import type { ResourceCall } from '../scope.ts';
import { managerOf, type WriteOptions } from './options.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** The patch type that the Content-Type names. Throws 415 for one that the kind does not take. */
export function patchTypeOf(call: ResourceCall): PatchType {
  const type = TYPES[contentTypeOf(call.scope.request)];
  const custom = call.kind.itemsCarryType === true;
  if (type !== undefined && !(custom && type === 'strategic')) return type;
  if (!custom) throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  const accepted = Object.keys(TYPES).filter((name) => !(custom && TYPES[name] === 'strategic'));
  throw new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );
}

export interface PatchInput {
  type: PatchType;
  text: string;
  options: WriteOptions;
  subresource: string;
}

/**
 * A function from the live object to the patched one, decoded and defaulted; for apply with its managedFields. It may be
 * called again when the object changed meanwhile. Only apply takes an absent object.
 */
export function createPatch(call: ResourceCall, input: PatchInput): (live: KubeObject | undefined) => KubeObject {
  if (input.type === 'apply') return createApply(call, input);
  const patch = parsePatch(input);
  const { schema } = call.kind;
  return (live) => {
    const document = live as unknown as JsonObject;
    const { value, duplicates } = patch;
    const patched =
      input.type === 'json'
        ? applyJsonPatch(document, value)
        : input.type === 'merge'
          ? applyMergePatch(document, value)
          : applyStrategicMergePatch(document, value, schema);
    return decodePatched(call, input, { live, patched, duplicates, patch: value });
  };
}

function parsePatch({ type, text, options }: PatchInput): { value: unknown; duplicates: string[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const why = jsonSyntaxMessage(text);
    throw badRequest(type === 'json' ? why : `error decoding patch: ${why}`);
  }
  const plain = options.fieldValidation === 'Ignore' || JSON.stringify(value) === text.trim();
  const duplicates = plain ? [] : duplicateKeys(text).map((line) => (type === 'json' ? `json patch ${line}` : line));
  return { value, duplicates };
}

interface Patched {
  patch: unknown;
  live: KubeObject | undefined;
  patched: Json;
  duplicates: readonly string[];
}

/** Decodes a patched document; what does not fit the type is a fault of the patch. */
function decodePatched(call: ResourceCall, input: PatchInput, result: Patched): KubeObject {
  const { live, patched, duplicates, patch } = result;
  // Messages show what was decoded from; a strategic merge patch is applied to values, and shown itself.
  const print = (): string => (input.type === 'strategic' ? goText(patch) : JSON.stringify(patched));
  const managers = live?.metadata.managedFields;
  const untouched = managers !== undefined && (patched as KubeObject | null)?.metadata?.managedFields === managers;
  const decoded = decode(call, input.type, { json: untouched ? withoutManagers(patched) : patched, print });
  const { object } = decoded;
  // Managers that the patch left alone are as they were stored: nothing has to be read from them.
  if (untouched) object.metadata.managedFields = managers;
  const faults = [...duplicates];
  if (decoded.unknown && input.options.fieldValidation !== 'Ignore')
    faults.push(...fieldErrorsOf(call.kind.schema, JSON.stringify(patched), decoded));
  if (faults.length > 0 && input.options.fieldValidation === 'Strict') {
    throw badPatch(print(), `strict decoding error: ${faults.join(', ')}`);
  }
  for (const fault of faults) call.scope.warn(fault);
  return object;
}

function withoutManagers(patched: Json): Json {
  const { metadata, ...rest } = patched as unknown as KubeObject;
  return { ...rest, metadata: { ...metadata, managedFields: undefined } } as unknown as Json;
}

/** Decodes a copy of `json`; `print` gives the text that messages show. */
function decode(
  call: ResourceCall,
  type: PatchType,
  { json, print, applied }: { json: Json; print: () => string; applied?: KubeObject },
): Decoded<KubeObject> {
  try {
    const copy = copyJson(json) as unknown as KubeObject;
    const reset = Array.isArray(copy.metadata?.managedFields) && copy.metadata.managedFields.length === 0;
    if (!call.kind.inVersion && (type === 'json' || type === 'merge')) checkType(call, copy);
    if (call.kind.inVersion && !copy.kind) throw new DecodeError(`Object 'Kind' is missing in '${print()}'`);
    const wraps = type === 'strategic' || type === 'apply';
    const decoded = decodeObject<KubeObject>(call.kind.schema, copy, { wraps });
    const { object } = decoded;
    object.metadata ??= {};
    // Decoding drops empty lists, but an empty list of managers is how a client asks to forget them.
    if (reset) object.metadata.managedFields = [];
    call.kind.defaults?.(object);
    return decoded;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    if (applied && !call.kind.inVersion) throw badApply(applied, error);
    throw badPatch(print(), type === 'strategic' ? convertMessage(error) : error.message);
  }
}

/** The result of an apply does not fit its type; the message names what was `applied`. Upstream: managedfields structuredMergeManager.Apply. */
function badApply({ apiVersion = '', kind = '', metadata }: KubeObject, error: DecodeError): StatusError {
  const type = `${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`;
  const name = `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  const head = `failed to convert new object (${name}; ${type}) to proper version`;
  return new StatusError(
    500,
    '',
    `${head}: unable to convert unstructured object to ${type}: ${convertMessage(error)}`,
  );
}

/** A patch cannot make an object one of another type; it is decoded as that type before this is found out. */
function checkType(call: ResourceCall, json: KubeObject): void {
  const { apiVersion, kind } = json;
  const expected = apiVersionOf(call.kind.group, call.kind.version);
  if (apiVersion === expected && kind === call.kind.kind) return;
  for (const [field, given] of Object.entries({ apiVersion, kind }) as [string, unknown][]) {
    if (given === undefined || given === null || typeof given === 'string') continue;
    const shape = Array.isArray(given) ? 'array' : typeof given === 'boolean' ? 'bool' : typeof given;
    const why = `json: cannot unmarshal ${shape} into Go struct field .${field} of type string`;
    throw new DecodeError(`couldn't get version/kind; json parse error: ${why}`);
  }
  const [version = '', group = ''] = (apiVersion ?? '').split('/').reverse();
  const other = call.parts.kinds.byKind(group, version, kind ?? '');
  if (other === undefined) {
    const why = `no kind ${quote(kind ?? '')} is registered for version ${quote(apiVersion ?? '')}`;
    throw new DecodeError(`${why} in scheme "pkg/runtime/scheme.go:111"`);
  }
  decodeObject(other.schema, structuredClone(json));
  const internal = call.kind.group === '' ? 'core' : call.kind.group.split('.')[0];
  throw new DecodeError(`converting (${version}.${kind}) to (${internal}.${call.kind.kind}): unknown conversion`);
}

/** 422 for a patch whose result does not fit its type. */
export function badPatch(document: string, why: string): StatusError {
  return invalid({ group: '', kind: '' }, '', [
    { type: 'FieldValueInvalid', field: 'patch', message: `Invalid value: ${quote(document)}: ${why}` },
  ]);
}

function createApply(call: ResourceCall, input: PatchInput): (live: KubeObject | undefined) => KubeObject {
  const { kind, scope, parts } = call;
  const { options, subresource } = input;
  const { applied, duplicates } = parseConfiguration(input.text);
  return (live) => {
    const { object, managedFields } = apply({
      live: live ?? null,
      applied,
      schema: kind.schema,
      kind: kind.kind,
      apiVersion: apiVersionOf(kind.group, kind.version),
      manager: managerOf(scope, options),
      force: options.force,
      subresource,
      now: parts.options.clock.now(),
      resetFields: resetFieldsOf(kind, subresource),
      convert: (object, apiVersion) =>
        convertTo(parts.kinds, kind, { object, apiVersion, conversions: call.conversions }),
    });
    if (options.fieldValidation === 'Strict' && duplicates.length > 0) throw duplicateKeyError(duplicates);
    if (options.fieldValidation === 'Warn') for (const line of duplicates) scope.warn(line);
    const json = object as unknown as Json;
    const { object: value } = decode(call, 'apply', { json, print: () => JSON.stringify(json), applied });
    if (managedFields) value.metadata.managedFields = managedFields;
    else delete value.metadata.managedFields;
    return value;
  };
}

/** The body of an apply. Throws 400 when it is no map. */
export function parseConfiguration(text: string): { applied: KubeObject; duplicates: string[] } {
  const converted = yamlToJson(text);
  if (converted.error !== undefined)
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${converted.error}`);
  const value: unknown = JSON.parse(converted.json);
  if (value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    const shape = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${shape} into Go value of type map[string]interface {}`,
    );
  }
  return { applied: (value ?? {}) as KubeObject, duplicates: converted.duplicates };
}

function duplicateKeyError(lines: readonly string[]): StatusError {
  const list = lines.map((line) => `  ${line}`).join('\n');
  return badRequest(`error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n${list}`);
}
