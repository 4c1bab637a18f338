/** A request in the version that a rule named. Upstream: admission/conversion.go, plugin/cel/condition.go. */
import { copyJson } from '../../../machinery/copy-json.ts';
import { apiVersionOf, type Json, type JsonObject, type KubeObject } from '../../../machinery/meta.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { convertTo } from '../../field-owners.ts';
import { type GroupVersionKind, type ResourceForm, resourceForm } from '../match/index.ts';

/** What expressions and webhooks see of a request. The objects are copies. */
export interface VersionedRequest {
  readonly request: AdmissionRequest;
  /** The form that a rule matched, in which the objects are. */
  readonly form: ResourceForm;
  /** The form that the client used. */
  readonly own: ResourceForm;
  object: JsonObject | null;
  readonly oldObject: JsonObject | null;
}

/** Converts the objects of a request. Throws when the version is not served. */
export async function versionedRequest(
  request: AdmissionRequest,
  form: ResourceForm,
  context: AdmissionContext,
): Promise<VersionedRequest> {
  // What a connection is opened with stands where others have their object.
  const object = request.operation === 'CONNECT' ? request.options : request.object;
  return {
    request,
    form,
    own: resourceForm(request.kind, request.subresource),
    object: object ? await inForm(object, { request, form, context }) : null,
    oldObject: request.oldObject ? await inForm(request.oldObject, { request, form, context }) : null,
  };
}

interface Conversion {
  request: AdmissionRequest;
  form: ResourceForm;
  context: AdmissionContext;
}

async function inForm(object: KubeObject, { request, form, context }: Conversion): Promise<JsonObject> {
  const own = resourceForm(request.kind, request.subresource);
  return copyJson(await converted(object, { from: own, to: form, request, context })) as JsonObject;
}

/** An object of the request in another of its forms; not a copy where the forms have bodies of one kind. */
async function converted(
  object: KubeObject,
  { from, to, request, context }: Omit<Conversion, 'form'> & { from: ResourceForm; to: ResourceForm },
): Promise<KubeObject> {
  const { group, version, kind } = to.kind;
  const apiVersion = apiVersionOf(group, version);
  if (sameKind(from.kind, to.kind)) return { ...object, apiVersion, kind };
  const { conversions } = request;
  const convert = () => convertTo(context.kinds, request.kind, { object, apiVersion, conversions });
  const result = conversions ? await conversions.run(convert) : convert();
  if (!result) throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { ...result.object, apiVersion, kind };
}

/** Gives the object of the request the contents of `changed`, which is in the matched form. Throws when it cannot be converted. */
export async function writeBack(
  { request, form, own }: VersionedRequest,
  changed: KubeObject,
  context: AdmissionContext,
): Promise<void> {
  const target = request.operation === 'CONNECT' ? request.options : request.object;
  if (target) replaceContents(target, await converted(changed, { from: form, to: own, request, context }));
}

/** Others hold on to `target` and its metadata. */
function replaceContents(target: KubeObject, source: KubeObject): void {
  const { metadata } = target;
  for (const field of Object.keys(target)) delete target[field];
  Object.assign(target, source);
  if (!metadata) return;
  for (const field of Object.keys(metadata)) delete (metadata as Record<string, unknown>)[field];
  target.metadata = Object.assign(metadata, source.metadata);
}

const sameKind = (a: GroupVersionKind, b: GroupVersionKind): boolean =>
  a.group === b.group && a.version === b.version && a.kind === b.kind;

/**
 * The `request` variable: an AdmissionRequest without its objects. Match conditions are shown the resource as the client
 * named it in place of the matched one. Upstream: CreateAdmissionRequest.
 */
export function requestAttributes({ request, form, own }: VersionedRequest, forConditions = false): JsonObject {
  const { user, subresource, options } = request;
  const userInfo = filled({
    username: user.name,
    uid: user.uid ?? '',
    groups: user.groups,
    extra: user.extra ?? {},
  });
  return {
    ...filled({
      subResource: subresource,
      requestSubResource: subresource,
      name: request.name,
      namespace: request.namespace,
    }),
    kind: { ...form.kind },
    resource: resourceOf(forConditions ? own : form),
    requestKind: { ...own.kind },
    requestResource: resourceOf(own),
    operation: request.operation,
    userInfo,
    dryRun: request.dryRun,
    options: request.operation === 'CONNECT' ? null : ((options ?? null) as Json),
  };
}

const resourceOf = ({ group, version, resource }: ResourceForm): JsonObject => ({ group, version, resource });

/** Without what Go leaves out as empty. */
function filled(fields: Record<string, Json>): JsonObject {
  const isFilled = (value: Json): boolean =>
    typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : value !== '';
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isFilled(value)));
}
