/** Turns a request body into an object of the kind that the path names. Upstream: handlers/create.go, handlers/rest.go. */

import { type Decoded, DecodeError, decodeBody, type FieldValidation } from '../../machinery/fields/index.ts';
import { jsonSyntaxMessage } from '../../machinery/json-syntax.ts';
import type { Kind } from '../../machinery/kind.ts';
import { apiVersionOf, type KubeObject } from '../../machinery/meta.ts';
import { memberOf } from '../../machinery/own-member.ts';
import type { ObjectSchema } from '../../machinery/schema.ts';
import { badRequest, StatusError } from '../../machinery/status.ts';
import { type BodyFormat, contentTypeOf, readObjectText } from '../negotiation/body.ts';
import { PROTOBUF } from '../negotiation/protobuf.ts';
import { yamlToJson } from '../negotiation/yaml-reader.ts';
import type { RequestScope, ResourceCall } from '../scope.ts';
import { checkVersion, decodeCustom, MissingKindError } from './decode-custom.ts';
import type { WriteOptions } from './options.ts';

/** What a body must hold: a kind, or the kind of a subresource. */
export interface BodyType {
  group: string;
  version: string;
  kind: string;
  schema: ObjectSchema;
  /** Other apiVersions of the same form. */
  alsoAs?: readonly string[];
  defaults?(object: KubeObject): void;
}

/** Reads the body of a request as an object of `type`, with defaults filled in. */
export async function readObject(call: ResourceCall, type: BodyType, options: WriteOptions): Promise<KubeObject> {
  const { text, format } = await readObjectText(call.scope.request, type.kind);
  if (isCustom(type) && contentTypeOf(call.scope.request) === PROTOBUF) throw withoutProtobuf(type, text);
  const object = decodeText(text, { call, type, format, validation: options.fieldValidation });
  call.scope.audit?.requestObject(object);
  return object;
}

export interface DecodeInput {
  call: ResourceCall;
  type: BodyType;
  format: BodyFormat;
  validation: FieldValidation;
}

/** Decodes a text; what is unknown or twice there is refused, warned of or ignored as the client asked. */
export function decodeText(text: string, { call, type, format, validation }: DecodeInput): KubeObject {
  let json = text;
  let fieldErrors: string[] = [];
  if (format === 'yaml') {
    const converted = yamlToJson(text);
    if (converted.error !== undefined) throw unrecognized(type, converted.error, text);
    json = converted.json;
    fieldErrors = validation === 'Ignore' ? [] : converted.duplicates;
  }
  const decoded = decodeJson(json, { call, type, validation, sent: text });
  fieldErrors = [...fieldErrors, ...decoded.fieldErrors];
  if (fieldErrors.length > 0) report(call.scope, type, { fieldErrors, validation, yaml: format === 'yaml' });
  const { object } = decoded;
  if (isCustom(type)) {
    checkVersion(type, object);
    object.metadata ??= {};
    if (object.kind === type.kind) type.defaults?.(object);
    return object;
  }
  object.kind = type.kind;
  object.apiVersion = apiVersionOf(type.group, type.version);
  object.metadata ??= {};
  // Decoding drops empty lists, but an empty list of managers is how a client asks to forget them.
  if (EMPTY_OWNERS.test(json) && resetsOwners(json)) object.metadata.managedFields = [];
  fillDefaults(type, object);
  return object;
}

/** Defaults follow from what was sent, which may turn out not to fit. */
function fillDefaults(type: BodyType, object: KubeObject): void {
  try {
    type.defaults?.(object);
  } catch (error) {
    throw error instanceof DecodeError ? cannotBeHandled(type, error.message) : error;
  }
}

const cannotBeHandled = (type: BodyType, why: string): StatusError =>
  badRequest(`${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${why}`);

const EMPTY_OWNERS = /"managedFields"\s*:\s*\[\s*\]/;

function resetsOwners(text: string): boolean {
  const owners = (JSON.parse(text) as KubeObject).metadata?.managedFields;
  return Array.isArray(owners) && owners.length === 0;
}

function report(
  scope: RequestScope,
  type: BodyType,
  { fieldErrors, validation, yaml }: { fieldErrors: string[]; validation: FieldValidation; yaml: boolean },
): void {
  if (validation === 'Warn') {
    for (const text of fieldErrors) scope.warn(text);
    return;
  }
  const duplicates = yaml ? fieldErrors.filter((text) => text.startsWith('line ')) : [];
  const rest = fieldErrors.slice(duplicates.length);
  const head =
    duplicates.length > 0 ? [`yaml: unmarshal errors:\n${duplicates.map((line) => `  ${line}`).join('\n')}`] : [];
  throw cannotBeHandled(type, `strict decoding error: ${[...head, ...rest].join(', ')}`);
}

function decodeJson(
  text: string,
  { call, type, validation, sent }: Omit<DecodeInput, 'format'> & { sent: string },
): Decoded<KubeObject> & { fieldErrors: string[] } {
  try {
    if (isCustom(type)) return decodeCustom(type, text, validation);
    const decoded = decodeBody<KubeObject>(type.schema, text, validation);
    checkType(call, type, { given: decoded.object, text });
    return decoded;
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw explain(error as Error, { call, type, text, sent });
  }
}

/** The answer for a body that could not be decoded, which depends on how far its type was understood. */
function explain(
  error: Error,
  { call, type, text, sent }: { call: ResourceCall; type: BodyType; text: string; sent: string },
): StatusError {
  if (error instanceof MissingKindError) return unrecognized(type, error.message, sent);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return unrecognized(type, `couldn't get version/kind; json parse error: ${jsonSyntaxMessage(text)}`, sent);
  }
  if (!(error instanceof DecodeError)) throw error;
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) {
    const shape = Array.isArray(raw) ? 'array' : typeof raw === 'boolean' ? 'bool' : typeof raw;
    const target =
      'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    return unrecognized(
      type,
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${shape} into ${target}`,
      sent,
    );
  }
  const given = raw as Record<string, unknown>;
  const untyped = Object.entries(given).find(
    ([name, value]) => (name === 'apiVersion' || name === 'kind') && value !== null && typeof value !== 'string',
  );
  if (untyped) {
    const [name, value] = untyped;
    const shape = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    const why = `json: cannot unmarshal ${shape} into Go struct field .${name} of type string`;
    return unrecognized(type, `couldn't get version/kind; json parse error: ${why}`, sent);
  }
  if (isCustom(type)) return badRequest(cannotHandle(type, given, error.message));
  try {
    checkType(call, type, { given: given as { apiVersion?: string; kind?: string }, text });
  } catch (mismatch) {
    return mismatch as StatusError;
  }
  return cannotBeHandled(type, error.message);
}

const isCustom = (type: BodyType): type is Kind => 'inVersion' in type && type.inVersion !== undefined;

function cannotHandle(type: BodyType, given: { apiVersion?: unknown; kind?: unknown }, why: string): string {
  const version =
    String(given.apiVersion ?? '')
      .split('/')
      .at(-1) ?? '';
  return `${given.kind} in version "${version}" cannot be handled as a ${type.kind}: ${why}`;
}

/** Custom resources have no form in protobuf. */
function withoutProtobuf(type: BodyType, text: string): StatusError {
  const why =
    'object *unstructured.Unstructured does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message';
  const given = JSON.parse(text) as { apiVersion?: string; kind?: string };
  return given.kind ? badRequest(cannotHandle(type, given, why)) : unrecognized(type, why, 'k8s');
}

/** What a body says of its own type must fit the path. Upstream: runtime.Codec decode, then the check of handlers. */
function checkType(
  call: ResourceCall,
  type: BodyType,
  { given, text }: { given: { apiVersion?: string | undefined; kind?: string | undefined }; text: string },
): void {
  const expected = apiVersionOf(type.group, type.version);
  // An empty group may stand before its slash.
  const apiVersion = (given.apiVersion || expected).replace(/^\/(?!.*\/)/, '');
  const kind = given.kind || type.kind;
  if ((apiVersion === expected || type.alsoAs?.includes(apiVersion)) && kind === type.kind) return;
  const parts = apiVersion.split('/');
  if (parts.length > 2) throw unrecognized(type, `unexpected GroupVersion string: ${apiVersion}`, text);
  const version = parts.pop()!;
  const group = parts[0] ?? '';
  if (version === '')
    throw badRequest(
      `${kind} in version "" cannot be handled as a ${type.kind}: Object 'apiVersion' is missing in '${text}'`,
    );
  const known = isKnown(call, { group, version, kind });
  const cannot = `${kind} in version "${version}" cannot be handled as a ${type.kind}`;
  if (!known)
    throw badRequest(
      `${cannot}: no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`,
    );
  if (kind !== type.kind || known === 'other') {
    const internal = type.group === '' ? 'core' : type.group.split('.')[0];
    throw badRequest(`${cannot}: converting (${version}.${kind}) to (${internal}.${type.kind}): unknown conversion`);
  }
  throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${expected})`);
}

/** Types that upstream registers in every group-version, or in the one of the core, beside the kinds that are served. */
const EVERYWHERE = new Set([
  ...['ListOptions', 'GetOptions', 'CreateOptions', 'UpdateOptions', 'PatchOptions', 'DeleteOptions', 'WatchEvent'],
]);
const IN_CORE = new Set([
  ...['List', 'Status', 'APIVersions', 'APIGroup', 'APIGroupList', 'APIResourceList', 'RangeAllocation'],
  ...['SerializedReference', 'PodStatusResult', 'PodLogOptions', 'PodExecOptions', 'PodAttachOptions'],
  ...['PodPortForwardOptions', 'PodProxyOptions', 'ServiceProxyOptions', 'NodeProxyOptions'],
]);

function isRegisteredBeside(call: ResourceCall, type: { group: string; version: string; kind: string }): boolean {
  const { group, version, kind } = type;
  if (group === '' && version === 'v1' && IN_CORE.has(kind)) return true;
  const served = call.parts.kinds
    .all()
    .filter((other) => other.group === group && other.version === version && !other.itemsCarryType);
  return served.some((other) => other.listKind === kind || EVERYWHERE.has(kind));
}

/** Versions that are no longer served and still registered, so that upstream gets as far as comparing versions. */
const RETIRED: Record<string, readonly string[]> = {
  apps: ['v1beta1', 'v1beta2'],
  extensions: ['v1beta1'],
  autoscaling: ['v2beta1', 'v2beta2'],
  batch: ['v1beta1'],
  policy: ['v1beta1'],
  'networking.k8s.io': ['v1beta1'],
  'rbac.authorization.k8s.io': ['v1alpha1', 'v1beta1'],
  'storage.k8s.io': ['v1alpha1', 'v1beta1'],
  'coordination.k8s.io': ['v1beta1'],
  'authentication.k8s.io': ['v1alpha1', 'v1beta1'],
  'authorization.k8s.io': ['v1beta1'],
};

function isKnown(
  call: ResourceCall,
  type: { group: string; version: string; kind: string },
): 'kind' | 'other' | undefined {
  if (call.parts.kinds.byKind(type.group, type.version, type.kind)) return 'kind';
  if (isRegisteredBeside(call, type)) return 'other';
  if (type.group === 'autoscaling' && type.version === 'v1' && type.kind === 'Scale') return 'kind';
  if (!memberOf(RETIRED, type.group)?.includes(type.version)) return undefined;
  const isKept =
    type.group === 'extensions' ||
    (type.group === 'apps' && type.kind === 'Scale') ||
    call.parts.kinds.byKind(type.group, 'v1', type.kind) !== undefined;
  return isKept ? 'kind' : undefined;
}

function unrecognized(type: Pick<Kind, 'kind'>, why: string, text: string): StatusError {
  return badRequest(`the object provided is unrecognized (must be of type ${type.kind}): ${why} (${summarize(text)})`);
}

/** The start of a body, for messages; what is no JSON object comes in hexadecimal digits. Upstream: summarizeData. */
function summarize(text: string): string {
  if (text === '') return '<empty>';
  if (text.startsWith('{')) return text.length > 30 ? `${text.slice(0, 30)} ...` : text;
  const bytes = new TextEncoder().encode(text.slice(0, 31));
  const digits = [...bytes.subarray(0, 30)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return bytes.length > 30 ? `${digits} ...` : digits;
}
