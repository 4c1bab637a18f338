/**
 * The objects that parameterise policies. What was read is used for a second, so that a busy policy asks storage once a
 * second, unless the parameter was written here meanwhile. Upstream: policy/generic CollectParams.
 */
import type { ParamKind, ParamRef } from '../../../kinds/index.ts';
import type { Kind } from '../../../machinery/kind.ts';
import { apiVersionOf, type JsonObject, type KubeObject } from '../../../machinery/meta.ts';
import { type LabelRequirement, matchesLabels, requirementsOf } from '../../../machinery/selectors/index.ts';
import { internalError } from '../../../machinery/status.ts';
import type { Store } from '../../../storage/contract.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { decodeStored } from '../../encode.ts';
import { convertTo } from '../../field-owners.ts';

/** A parameter, or null where a policy is evaluated without one. */
export type Param = JsonObject | null;

/** A policy or binding cannot be applied as it is configured; the failure policy decides what that means. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

const FRESH_FOR_MS = 1_000;
/** For how long after a write here what was read before it may still come back from storage. */
const UNSETTLED_FOR_MS = 2_000;
const MAX_QUERIES = 2_000;
const MAX_WRITES = 2_000;

interface Query {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly selector: readonly LabelRequirement[];
}

/** Parameters that were read, and the writes that passed through here. One per isolate. */
class ParamCache {
  readonly #read = new Map<string, { at: number; objects: readonly JsonObject[] }>();
  readonly #written = new Map<string, number>();
  readonly #watched = new Set<string>();

  /** Tells that an object is about to be written. */
  noteWrite(request: AdmissionRequest, now: number): void {
    const { kind, namespace, oldObject } = request;
    if (!this.#watched.has(kind.storedAs) || request.operation === 'CONNECT') return;
    // Objects that are deleted with their collection are named by themselves only.
    const name = request.name || oldObject?.metadata.name || '';
    for (const scope of [scopeOf(kind, namespace, name), scopeOf(kind, namespace)])
      remember(this.#written, scope, { value: now, most: MAX_WRITES });
  }

  async objects(query: Query, context: AdmissionContext): Promise<readonly JsonObject[]> {
    const { kind, namespace, name, selector } = query;
    const scope = scopeOf(kind, namespace, name);
    const key = JSON.stringify([kind.version, scope, selector]);
    const now = context.clock.now();
    const known = this.#read.get(key);
    const written = this.#written.get(scope) ?? Number.NEGATIVE_INFINITY;
    if (known && now - known.at < FRESH_FOR_MS && now - written > UNSETTLED_FOR_MS) return known.objects;
    this.#watched.add(kind.storedAs);
    const objects = await (name === undefined ? listObjects(query, context) : getObject(query, context));
    remember(this.#read, key, { value: { at: now, objects }, most: MAX_QUERIES });
    return objects;
  }
}

/** What a query reads and a write changes: one object, or all of a namespace. */
const scopeOf = (kind: Kind, namespace = '', name?: string): string =>
  `${kind.storedAs} ${namespace}${name === undefined ? '' : ` ${name}`}`;

function remember<V>(map: Map<string, V>, key: string, { value, most }: { value: V; most: number }): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= most) break;
    map.delete(oldest);
  }
}

/** The cache of this server. */
export const paramCacheOf = ({ config }: AdmissionContext): ParamCache =>
  config.derive('policy-params', [], () => new ParamCache());

const storeOf = (kind: Kind, { store, storeOf: own }: AdmissionContext): Store => own?.(kind) ?? store;

async function getObject({ kind, namespace, name }: Query, context: AdmissionContext): Promise<JsonObject[]> {
  const key = { resource: kind.storedAs, namespace: namespace ?? '', name: name ?? '' };
  const { object, tracked } = await storeOf(kind, context).shardOf(kind.storedAs).get(key);
  context.observe?.(tracked, kind.storedAs);
  return object ? [inKind(kind, decodeStored(kind, object.text), context)] : [];
}

async function listObjects({ kind, namespace, selector }: Query, context: AdmissionContext): Promise<JsonObject[]> {
  const result = await storeOf(kind, context)
    .shardOf(kind.storedAs)
    .list({
      resource: kind.storedAs,
      ...(namespace === undefined ? {} : { namespace }),
      labels: selector.map((requirement) => ({ ...requirement })),
    });
  context.observe?.(result.tracked, kind.storedAs);
  if (!result.ok) throw internalError(`the parameters could not be read: ${result.why}`);
  const stored = JSON.parse(`[${result.text}]`) as KubeObject[];
  return stored.map((object) => inKind(kind, kind.fromStorage ? kind.fromStorage(object) : object, context));
}

function inKind(kind: Kind, object: KubeObject, { kinds }: AdmissionContext): JsonObject {
  const apiVersion = apiVersionOf(kind.group, kind.version);
  const converted =
    object.apiVersion === apiVersion ? object : (convertTo(kinds, kind, { object, apiVersion })?.object ?? object);
  return { ...converted, apiVersion, kind: kind.kind } as unknown as JsonObject;
}

/** The kind that a policy names, also where it is defined by a custom resource. */
export async function paramKindOf(
  { apiVersion = '', kind: name = '' }: ParamKind,
  { kinds }: AdmissionContext,
): Promise<Kind> {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const builtIn = kinds.byKind(group, version, name);
  if (builtIn) return builtIn;
  await kinds.refresh();
  const shown = kinds.all().find((kind) => kind.kind === name && kind.group === group && kind.version === version);
  const loaded = shown && (await kinds.load(group, version, shown.resource));
  if (loaded) return loaded;
  const why = `failed to find resource referenced by paramKind: '${group}/${version}, Kind=${name}'`;
  throw new ConfigurationError(why);
}

/**
 * The parameters that a binding names for one request; each is evaluated. None: the binding does not apply. Throws a
 * ConfigurationError where they are missing and must not be.
 */
export async function paramsFor(
  kind: Kind | undefined,
  ref: ParamRef | undefined,
  { request, context }: { request: AdmissionRequest; context: AdmissionContext },
): Promise<readonly Param[]> {
  if (!kind || !ref) return [null];
  const namespace = namespaceFor(kind, ref, request);
  const { name, selector, parameterNotFoundAction } = ref;
  if (name && selector) throw new ConfigurationError('paramRef.name and paramRef.selector are mutually exclusive');
  if (!name && !selector) throw new ConfigurationError('one of name or selector must be provided');
  const query = { kind, namespace, name: name || undefined, selector: requirementsOf(selector ?? {}) ?? [] };
  const params = kind.cached ? cachedObjects(query, context) : await paramCacheOf(context).objects(query, context);
  if (params.length === 0 && parameterNotFoundAction === 'Deny')
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  return params;
}

/** The namespace to look in; undefined for parameters outside namespaces. */
function namespaceFor(kind: Kind, ref: ParamRef, request: AdmissionRequest): string | undefined {
  if (!kind.namespaced) {
    if (!ref.namespace) return undefined;
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  const namespace = ref.namespace || request.namespace;
  if (namespace) return namespace;
  throw new ConfigurationError(
    'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
  );
}

/** Parameters of a kind that the server keeps anyway. */
function cachedObjects({ kind, namespace, name, selector }: Query, context: AdmissionContext): JsonObject[] {
  const { config } = context;
  if (name !== undefined) {
    const found = config.get(kind.storedAs, namespace ?? '', name);
    return found ? [inKind(kind, found, context)] : [];
  }
  return config
    .list(kind.storedAs, namespace)
    .filter(({ metadata }) => matchesLabels(selector, metadata.labels ?? {}))
    .map((object) => inKind(kind, object, context));
}
