/** What the body of a PATCH makes of an object. Upstream: handlers/patch.go, its four mechanisms. */

import { apply } from '../../machinery/apply/index.ts';
import { copyJson } from '../../machinery/copy-json.ts';
import { parseJson } from '../../machinery/exact-numbers.ts';
import {
  convertMessage,
  type Decoded,
  DecodeError,
  decodeObject,
  fieldErrorsOf,
  firstFault,
} from '../../machinery/fields/index.ts';
import { goJson } from '../../machinery/go-json.ts';
import type { Kind } from '../../machinery/kind.ts';
import { apiVersionOf, type Json, type JsonObject, type KubeObject } from '../../machinery/meta.ts';
import { memberOf } from '../../machinery/own-member.ts';
import { quote } from '../../machinery/quote.ts';
import { sortRawValues } from '../../machinery/raw-values.ts';
import type { ObjectSchema } from '../../machinery/schema.ts';
import { badRequest, invalid, StatusError } from '../../machinery/status.ts';
import { convertTo, resetFieldsOf } from '../field-owners.ts';
import { yamlToJson } from '../negotiation/yaml-reader.ts';
import type { ResourceCall } from '../scope.ts';
import { deepEqual } from './metadata.ts';
import { managerOf, type WriteOptions } from './options.ts';
import { type BodyPatch, type BodyPatchType, type PatchedDocument, parsePatch } from './parse-patch.ts';

export type PatchType = BodyPatchType | 'apply';

const TYPES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/**
 * The patch type that the Content-Type names. Throws 415 for one that the kind does not take: the router, which custom
 * resources do not pass, takes lists of types, the handler takes none.
 */
export function patchTypeOf(call: ResourceCall): PatchType {
  const header = call.scope.request.headers.get('content-type') ?? '';
  const type = memberOf(TYPES, header.replace(/(?<=.);.*$/s, ''));
  const custom = call.kind.itemsCarryType === true;
  if (type !== undefined && !(custom && type === 'strategic')) return type;
  const isRouted = header.split(',').some((part) => Object.hasOwn(TYPES, part.replace(/;.*$/s, '').trim()));
  if (!custom && !isRouted) throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
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
  const { type, text, options } = input;
  const patch = parsePatch({ type, text, options }, call.kind.schema);
  return (live) => {
    const result = patch.apply(live as JsonObject);
    return decodePatched(call, options, { live, result, type, patch });
  };
}

interface Patched {
  live: KubeObject | undefined;
  patch: BodyPatch;
  result: PatchedDocument;
  type: BodyPatchType;
}

/** Decodes a patched document; what does not fit the type is a fault of the patch. */
function decodePatched(call: ResourceCall, options: WriteOptions, { live, patch, result, type }: Patched): KubeObject {
  const managers = live?.metadata.managedFields;
  const patched = result.json as KubeObject | null;
  const untouched = managers !== undefined && patched?.metadata?.managedFields === managers;
  const isTyped = type !== 'strategic' && !call.kind.inVersion;
  const why = isTyped ? typeFault(call, call.kind, patched) : undefined;
  if (why !== undefined) throw badPatch(result.shown().text, why);
  const schema = isTyped && !patched?.apiVersion ? INTERNAL_TYPE : call.kind.schema;
  let decoded: Decoded<KubeObject>;
  try {
    const json = untouched ? withoutManagers(result.json) : result.json;
    decoded = decode(call, json, { schema, converts: type === 'strategic' });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const { text, json } = result.shown();
    if (type === 'strategic') throw badPatch(text, convertMessage(error));
    const fault = firstFault(schema, json) ?? error;
    throw badPatch(text, fault === NO_KIND ? `Object 'Kind' is missing in '${text}'` : fault.message);
  }
  const { object } = decoded;
  // Managers that the patch left alone are as they were stored: nothing has to be read from them.
  if (untouched) object.metadata.managedFields = managers;
  reportFields(call, options, { schema, patch, result, decoded });
  return object;
}

/** Unknown and duplicate fields of a patch and of what it made are refused, warned of or ignored. */
export function reportFields(
  call: ResourceCall,
  options: WriteOptions,
  input: { schema: ObjectSchema; patch: BodyPatch; result: PatchedDocument; decoded: Decoded<object> },
): void {
  const { schema, patch, result, decoded } = input;
  const faults = [...patch.faults];
  if (decoded.unknown && options.fieldValidation !== 'Ignore') faults.push(...unknownFields(schema, result, decoded));
  if (faults.length > 0 && options.fieldValidation === 'Strict')
    throw badPatch(result.shown().text, `strict decoding error: ${faults.join(', ')}`);
  for (const fault of faults) call.scope.warn(fault);
}

/** In the order of the document where that is decoded; sorted where its values are converted. */
function unknownFields(schema: ObjectSchema, result: PatchedDocument, decoded: Decoded<object>): string[] {
  const { json } = result.shown();
  if (json !== undefined) return fieldErrorsOf(schema, JSON.stringify(json), decoded);
  return fieldErrorsOf(schema, JSON.stringify(result.json), decoded).sort();
}

function withoutManagers(patched: Json): Json {
  const { metadata, ...rest } = patched as KubeObject;
  return { ...rest, metadata: { ...metadata, managedFields: undefined } } as unknown as Json;
}

const NO_KIND = new DecodeError("Object 'Kind' is missing");

/**
 * Decodes a copy of `json`. `converts`: values are converted, so that integers lose what their type cannot hold, and
 * raw values the order of their keys.
 */
function decode(
  call: ResourceCall,
  json: Json,
  { schema, converts }: { schema: ObjectSchema; converts: boolean },
): Decoded<KubeObject> {
  const copy = copyJson(json) as KubeObject;
  const reset = Array.isArray(copy.metadata?.managedFields) && copy.metadata.managedFields.length === 0;
  if (call.kind.inVersion && !copy.kind) throw NO_KIND;
  const decoded = decodeObject<KubeObject>(schema, copy, { wraps: converts });
  const { object } = decoded;
  object.metadata ??= {};
  if (converts) sortRawValues(schema, object);
  // Decoding drops empty lists, but an empty list of managers is how a client asks to forget them.
  if (reset) object.metadata.managedFields = [];
  if (schema !== INTERNAL_TYPE) call.kind.defaults?.(object);
  return decoded;
}

function decodeApplied(call: ResourceCall, applied: KubeObject, json: Json): KubeObject {
  try {
    return decode(call, json, { schema: call.kind.schema, converts: true }).object;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw call.kind.inVersion ? badPatch(goJson(json), error.message) : badApply(applied, error);
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

/**
 * Why a patched document is none of the type of its path, if so: a patch cannot make an object one of another type, and
 * the document is decoded as that type before this is found out.
 */
export function typeFault(
  call: ResourceCall,
  type: Pick<Kind, 'group' | 'version' | 'kind'>,
  json: KubeObject | null,
): string | undefined {
  if (Array.isArray(json)) return `${NO_TYPE} array into Go value of type ${TYPE_META}`;
  const { apiVersion, kind } = json ?? {};
  const expected = apiVersionOf(type.group, type.version);
  if (apiVersion === expected && (!kind || kind === type.kind)) return undefined;
  for (const [field, given] of Object.entries({ apiVersion, kind }) as [string, unknown][]) {
    if (given === undefined || given === null || typeof given === 'string') continue;
    const shape = Array.isArray(given) ? 'array' : typeof given === 'boolean' ? 'bool' : typeof given;
    return `${NO_TYPE} ${shape} into Go struct field .${field} of type string`;
  }
  const [version = '', group = '', ...more] = (apiVersion ?? '').split('/').reverse();
  if (more.length > 0) return `unexpected GroupVersion string: ${apiVersion}`;
  const named = kind || type.kind;
  if (!apiVersion)
    return named === type.kind ? undefined : notRegistered(named, `the internal version of group ${quote(type.group)}`);
  const other = call.parts.kinds.byKind(group, version, named);
  if (other === undefined) return notRegistered(named, `version ${quote(apiVersion)}`);
  const fault = firstFault(other.schema, json);
  if (fault) return fault.message;
  const internal = type.group === '' ? 'core' : type.group.split('.')[0];
  return `converting (${version}.${named}) to (${internal}.${type.kind}): unknown conversion`;
}

const notRegistered = (kind: string, version: string): string =>
  `no kind ${quote(kind)} is registered for ${version} in scheme "pkg/runtime/scheme.go:111"`;

/** What is read without a version, upstream reads as its internal type, whose fields have other names. */
const INTERNAL_TYPE: ObjectSchema = {
  type: 'object',
  fields: new Map(['kind', 'apiVersion'].map((name) => [name, { name, schema: { type: 'string' } }])),
};

const NO_TYPE = "couldn't get version/kind; json parse error: json: cannot unmarshal";
const TYPE_META =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

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
    // What stays as it is stays so to the letter, raw values of users included.
    const value = live && isSameButOwners(object, live) ? copyJson(live) : decodeApplied(call, applied, object as Json);
    if (managedFields) value.metadata.managedFields = managedFields;
    else delete value.metadata.managedFields;
    return value;
  };
}

function isSameButOwners(object: KubeObject, live: KubeObject): boolean {
  const bare = ({ metadata, ...rest }: KubeObject): object => ({
    ...rest,
    metadata: { ...metadata, managedFields: undefined },
  });
  return deepEqual(bare(object), bare(live));
}

/** The body of an apply. Throws 400 when it is no map. */
export function parseConfiguration(text: string): { applied: KubeObject; duplicates: string[] } {
  const converted = yamlToJson(text);
  if (converted.error !== undefined)
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${converted.error}`);
  const value = parseJson(converted.json);
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
