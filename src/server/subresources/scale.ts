/** The scale of whatever has replicas. Upstream: registry/apps/deployment/storage ScaleREST, api/apiserver-internal scale handlers. */
import { customScaleColumns, objectSchema } from '../../kinds/index.ts';
import { formatAge } from '../../machinery/age.ts';
import { apply, parentEntries, replicasPath, scaleEntries, trackUpdate } from '../../machinery/apply/index.ts';
import { copyJson } from '../../machinery/copy-json.ts';
import { convertMessage, type Decoded, DecodeError, decodeObject, firstFault } from '../../machinery/fields/index.ts';
import { goJson } from '../../machinery/go-json.ts';
import type { SubresourceDefinition } from '../../machinery/kind.ts';
import { apiVersionOf, type Json, type JsonObject, type KubeObject } from '../../machinery/meta.ts';
import { quote } from '../../machinery/quote.ts';
import { formatRequirements, type LabelSelector, requirementsOf } from '../../machinery/selectors/index.ts';
import { badRequest, conflict, internalError, invalid } from '../../machinery/status.ts';
import { invalidError, type MetaRules, validateObjectMeta } from '../../machinery/validation/index.ts';
import { decodeStored } from '../encode.ts';
import { methodNotAllowed } from '../errors.ts';
import type { Output } from '../negotiation/accept.ts';
import { readBody } from '../negotiation/body.ts';
import { respondObject } from '../respond/object.ts';
import type { TableForm } from '../respond/table.ts';
import type { ResourceCall } from '../scope.ts';
import { admissionRequest } from '../verbs/context.ts';
import { optionsObject } from '../verbs/create.ts';
import { type BodyType, readObject } from '../verbs/decode-body.ts';
import { loadStored } from '../verbs/get.ts';
import { checkName } from '../verbs/metadata.ts';
import { managerOf, parseWriteOptions, type WriteOptions } from '../verbs/options.ts';
import { outputOf } from '../verbs/output.ts';
import { type PatchedDocument, parsePatch } from '../verbs/parse-patch.ts';
import { badPatch, parseConfiguration, patchTypeOf, reportFields, typeFault } from '../verbs/patch-body.ts';
import { updateObject } from '../verbs/update-object.ts';
import type { SubresourceHandler } from './handler.ts';

interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

type ScalePaths = NonNullable<SubresourceDefinition['scale']>;

/**
 * How the new scale follows from the present one. The present one has the managers of the replicas; the new one has
 * managers of its own only where the change is an apply.
 */
type Change = (present: Scale) => Scale;

const scaleType = (): BodyType => ({
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  schema: objectSchema('autoscaling/v1.Scale'),
});

export const scaleSubresource: SubresourceHandler = {
  async answer(call, definition) {
    const paths = definition?.scale;
    if (!paths) throw methodNotAllowed();
    const output = outputOf(call);
    switch (call.scope.info.verb) {
      case 'get':
        return respond(call, {
          output,
          scale: presentScale(decodeStored(call.kind, (await loadStored(call)).text), paths),
        });
      case 'update':
        return update(call, paths, output);
      case 'patch':
        return patch(call, paths, output);
      default:
        throw methodNotAllowed();
    }
  },
};

function respond(call: ResourceCall, { output, scale }: { output: Output; scale: Scale }): Response {
  return respondObject(call, { object: scale, output, status: 200, form: tableForm(call) });
}

/** The scale of an object that has one. Throws 500 where a custom resource has no replicas. */
function presentScale(object: KubeObject, paths: ScalePaths): Scale {
  if (paths.inVersions && readPath(object, paths.specReplicas) === undefined)
    throw internalError(`the spec replicas field ${quote(paths.specReplicas)} does not exist`);
  return scaleOf(object, paths);
}

/** Rows of Scales. Upstream: printers/internalversion scaleColumnDefinitions. */
function tableForm({ kind }: ResourceCall): TableForm {
  if (kind.itemsCarryType) return { group: 'autoscaling', version: 'v1', kind: 'Scale', ...customScaleColumns() };
  const meaning = (name: string): string => kind.columns.find((column) => column.name === name)?.description ?? '';
  return {
    ...{ group: 'autoscaling', version: 'v1', kind: 'Scale' },
    columns: [
      { name: 'Name', type: 'string', description: meaning('Name') },
      {
        name: 'Desired',
        type: 'integer',
        description: 'replicas is the desired number of instances for the scaled object.',
      },
      {
        name: 'Available',
        type: 'integer',
        description: 'replicas is the actual number of observed instances of the scaled object.',
      },
      { name: 'Age', type: 'string', description: meaning('Age') },
    ],
    cells: (object, now) => {
      const { metadata, spec, status } = object as Scale;
      return [
        metadata.name ?? '',
        spec?.replicas ?? 0,
        status?.replicas ?? 0,
        formatAge(metadata.creationTimestamp, now),
      ];
    },
  };
}

/** The Scale that an object shows. */
export function scaleOf(object: KubeObject, paths: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = readPath(object, paths.specReplicas);
  const selector = paths.labelSelector ? selectorText(readPath(object, paths.labelSelector)) : undefined;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      creationTimestamp: creationTimestamp ?? null,
    },
    spec: typeof replicas === 'number' && replicas !== 0 ? { replicas } : {},
    status: { replicas: Number(readPath(object, paths.statusReplicas) ?? 0), ...(selector ? { selector } : {}) },
  };
}

/** A selector as text; a plain map of labels, as ReplicationControllers have, selects by equality. */
function selectorText(selector: unknown): string | undefined {
  if (typeof selector === 'string') return selector;
  if (selector === null || typeof selector !== 'object') return undefined;
  const structured = 'matchLabels' in selector || 'matchExpressions' in selector;
  const requirements = requirementsOf(
    structured ? (selector as LabelSelector) : { matchLabels: selector as Record<string, string> },
  );
  return requirements === null ? undefined : formatRequirements(requirements);
}

function readPath(object: KubeObject, path: string): unknown {
  let value: unknown = object;
  for (const part of path.split('.').filter(Boolean)) value = (value as Record<string, unknown> | undefined)?.[part];
  return value;
}

function withPath(object: KubeObject, path: string, value: number): KubeObject {
  const copy = structuredClone(object);
  const parts = path.split('.').filter(Boolean);
  let at = copy as Record<string, unknown>;
  for (const part of parts.slice(0, -1)) {
    at[part] ??= {};
    at = at[part] as Record<string, unknown>;
  }
  at[parts.at(-1)!] = value;
  return copy;
}

async function update(call: ResourceCall, paths: ScalePaths, output: Output): Promise<Response> {
  const options = parseWriteOptions(call.scope, 'UpdateOptions');
  const body = (await readObject(call, scaleType(), options)) as Scale;
  checkName(call, body);
  return write(call, { paths, output, options, change: () => body, patch: false });
}

async function patch(call: ResourceCall, paths: ScalePaths, output: Output): Promise<Response> {
  const type = patchTypeOf(call);
  const options = parseWriteOptions(call.scope, 'PatchOptions', type === 'apply');
  const text = await readBody(call.scope.request);
  if (type === 'apply')
    return write(call, {
      paths,
      output,
      options,
      change: applyChange(call, text, options),
      patch: true,
      applied: true,
    });
  const body = parsePatch({ type, text, options }, scaleType().schema);
  const change: Change = (present) => {
    const result = body.apply(present as JsonObject);
    const decoded = decodeScale(call, result);
    reportFields(call, options, { schema: scaleType().schema, patch: body, result, decoded });
    const scale = decoded.object;
    checkName(call, scale);
    return scale;
  };
  return write(call, { paths, output, options, change, patch: true });
}

/** A patched scale; what does not fit its type is a fault of the patch. */
function decodeScale(call: ResourceCall, result: PatchedDocument): Decoded<Scale> {
  const type = scaleType();
  // What is converted value by value is not asked for its type.
  const isConverted = result.shown().json === undefined;
  const why = isConverted ? undefined : typeFault(call, type, result.json as KubeObject);
  if (why !== undefined) throw badPatch(result.shown().text, why);
  try {
    return decodeObject<Scale>(type.schema, copyJson(result.json));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const { text, json } = result.shown();
    const fault = json === undefined ? undefined : firstFault(type.schema, json);
    throw badPatch(text, json === undefined ? convertMessage(error) : (fault ?? error).message);
  }
}

function applyChange(call: ResourceCall, text: string, options: WriteOptions): Change {
  const { applied } = parseConfiguration(text);
  const { schema } = scaleType();
  return (present) => {
    const { object, managedFields } = apply({
      live: present,
      applied,
      schema,
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      manager: managerOf(call.scope, options),
      force: options.force,
      subresource: 'scale',
      now: call.parts.options.clock.now(),
    });
    const json = structuredClone(object) as Json;
    const scale = decodeScale(call, { json, shown: () => ({ text: goJson(json), json }) }).object;
    if (managedFields) scale.metadata.managedFields = managedFields;
    checkName(call, scale);
    return scale;
  };
}

/** What a patch finds where a custom resource has no replicas. Upstream: invalidSpecReplicas. */
const NO_REPLICAS = -2147483648;

interface ScaleWrite {
  paths: ScalePaths;
  output: Output;
  options: WriteOptions;
  change: Change;
  patch: boolean;
  /** The change is an apply and has settled the managers. */
  applied?: boolean;
}

async function write(
  call: ResourceCall,
  { paths, output, options, change, patch: patched, applied = false }: ScaleWrite,
): Promise<Response> {
  const { kind, parts, scope } = call;
  const optionsKind = patched ? 'PatchOptions' : 'UpdateOptions';
  const manager = managerOf(scope, options);
  const fixed = patched ? undefined : change({ metadata: {} });
  const apiVersion = apiVersionOf(kind.group, kind.version);
  const places = paths.inVersions ?? [[apiVersion, paths.specReplicas] as const];
  const managed = { apiVersion, paths: new Map(places.map(([version, path]) => [version, replicasPath(path)])) };
  const { text } = await updateObject(call, {
    options,
    optionsKind,
    subresource: 'scale',
    strategy: kind.strategy,
    generation: true,
    createAbsent: false,
    retryConflicts: patched || (paths.inVersions !== undefined && !fixed?.metadata.resourceVersion),
    bare: true,
    ...(fixed?.metadata.uid ? { uid: fixed.metadata.uid } : {}),
    async transform(live) {
      const old = scaleOf(live!, paths);
      const absent = paths.inVersions !== undefined && readPath(live!, paths.specReplicas) === undefined;
      if (absent) old.spec = { replicas: NO_REPLICAS };
      const entries = scaleEntries(live!.metadata.managedFields, managed.paths);
      if (entries) old.metadata.managedFields = entries;
      const scale = change(old);
      const request = admissionRequest(call, {
        operation: 'UPDATE',
        subresource: 'scale',
        object: scale,
        oldObject: old,
        options: optionsObject(optionsKind, options),
        dryRun: options.dryRun,
      });
      await parts.admission.admit(request);
      checkUid(call, scale, live!);
      const replicas = scale.spec?.replicas ?? 0;
      if (absent && replicas === NO_REPLICAS)
        throw badRequest(`the spec replicas field ${quote(paths.specReplicas)} cannot be empty`);
      checkScale(call, scale);
      await parts.admission.validate(request);
      const object = withPath(live!, paths.specReplicas, replicas);
      // A scale of a custom resource that names no version is written whatever the version is.
      const version = paths.inVersions ? live!.metadata.resourceVersion : undefined;
      object.metadata.resourceVersion = scale.metadata.resourceVersion || (version ?? '');
      const owners = applied
        ? scale.metadata.managedFields
        : trackUpdate({
            live: old,
            object: scale,
            schema: scaleType().schema,
            apiVersion: 'autoscaling/v1',
            manager,
            subresource: 'scale',
            now: parts.options.clock.now(),
          });
      const parents = parentEntries(live!.metadata.managedFields, owners, managed);
      if (parents) object.metadata.managedFields = parents;
      else delete object.metadata.managedFields;
      return object;
    },
  });
  return respond(call, { output, scale: scaleOf(decodeStored(kind, text), paths) });
}

/** A patch may name the object that it means. Upstream: scaleUpdatedObjectInfo. */
function checkUid({ kind, name }: ResourceCall, scale: Scale, { metadata }: KubeObject): void {
  const { uid } = scale.metadata;
  if (!uid || uid === metadata.uid) return;
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid ?? ''}`;
  throw conflict({ group: kind.group, kind: `${kind.resource}/scale` }, name, why);
}

/** Upstream: autoscaling/validation ValidateScale. */
function checkScale({ kind, name }: ResourceCall, { metadata, spec }: Scale): void {
  // Those of custom resources have metadata that was checked with them.
  const errors = kind.itemsCarryType ? [] : validateObjectMeta(metadata, SCALE_RULES);
  const replicas = spec?.replicas ?? 0;
  if (replicas < 0) errors.push(invalidError('spec.replicas', replicas, 'must be greater than or equal to 0'));
  if (errors.length > 0) throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, errors);
}

const SCALE_RULES: MetaRules = { namespaced: true, nameRule: 'dns1123Subdomain' };
