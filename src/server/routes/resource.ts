/** From a resource request to the verb that answers it. Upstream: endpoints/installer.go. */
import type { Kind } from '../../machinery/kind.ts';
import { quote } from '../../machinery/quote.ts';
import { badRequest, methodNotSupported, notFound, type StatusError } from '../../machinery/status.ts';
import { pathSegment } from '../../machinery/validation/index.ts';
import { withConversion } from '../custom/index.ts';
import { methodNotAllowed, pageNotFound, resourceNotFound } from '../errors.ts';
import { type RequestScope, type ResourceCall, type ServerParts, subjectOf } from '../scope.ts';
import { findSubresource } from '../subresources/index.ts';
import { createVerb } from '../verbs/create.ts';
import { deleteVerb } from '../verbs/delete.ts';
import { deleteCollectionVerb } from '../verbs/delete-collection.ts';
import { getVerb } from '../verbs/get.ts';
import { listVerb } from '../verbs/list.ts';
import { patchVerb } from '../verbs/patch.ts';
import { reviewVerb } from '../verbs/review.ts';
import { updateVerb } from '../verbs/update.ts';
import { watchVerb } from '../verbs/watch.ts';
import { componentStatus } from './component-status.ts';

const VERBS: Record<string, (call: ResourceCall) => Promise<Response>> = {
  create: createVerb,
  get: getVerb,
  list: listVerb,
  watch: watchVerb,
  update: updateVerb,
  patch: patchVerb,
  delete: deleteVerb,
  deletecollection: deleteCollectionVerb,
};

/** Answers a request for a resource; throws 404 and 405 where there is none. */
export async function answerResource(parts: ServerParts, scope: RequestScope): Promise<Response> {
  const { info } = scope;
  const builtIn = parts.kinds.byResource(info.group, info.version, info.resource);
  const remote = builtIn ? undefined : await parts.aggregation.answer(scope, info);
  if (remote) return remote;
  const kind = builtIn ?? (await parts.kinds.load(info.group, info.version, info.resource));
  if (!kind) return unknownResource(parts, scope);
  if (kind.definesKinds || kind.definition?.terminating) await parts.definitions.catchUp();
  const call: ResourceCall = withConversion({
    parts,
    scope,
    kind,
    namespace: kind.namespaced ? info.namespace : '',
    name: info.named ? info.name : '',
  });
  if (kind.itemsCarryType) {
    const elsewhere = checkCustomPath(call);
    if (elsewhere) return elsewhere;
  } else if (!isReachable(kind, scope)) throw resourceNotFound();
  if (info.subresource !== '') return answerSubresource(call);
  return answerObject(call);
}

async function answerObject(call: ResourceCall): Promise<Response> {
  const { kind, scope } = call;
  const { info } = scope;
  if (info.verb === 'proxy') throw resourceNotFound();
  // The old watch paths name the verb, whatever the method.
  if (info.verb === 'watch' && scope.request.method !== 'GET') throw methodNotAllowed();
  if (info.verb === 'watch' && !(kind.verbs as readonly string[]).includes('watch')) throw notWatchable(call);
  if (!kind.stored) return answerComputed(call);
  const verb = VERBS[info.verb];
  // What custom resources take was found out with their path.
  if (!verb || !(kind.itemsCarryType || takes(call))) throw methodNotAllowed();
  warnDeprecated(call);
  if (info.named) checkSegment(info.name);
  return verb(call);
}

/** Kinds whose objects are made for the answer. */
async function answerComputed(call: ResourceCall): Promise<Response> {
  const { kind, scope } = call;
  const { info } = scope;
  const handler = findSubresource(kind, '');
  const readable = (kind.verbs as readonly string[]).includes('get');
  if (info.named && !readable) throw resourceNotFound();
  if (scope.request.method === 'HEAD') throw methodNotAllowed();
  if (readable && (info.verb === 'get' || info.verb === 'list')) {
    warnDeprecated(call);
    const component = await componentStatus(call);
    if (component) return component;
  }
  if (info.verb !== 'create' || readable) throw methodNotAllowed();
  return handler ? handler.answer(call, undefined) : reviewVerb(call);
}

/** Throws 400 for a name that storage cannot have a key for. Upstream: registry/generic/registry/store.go NamespaceKeyFunc. */
function checkSegment(name: string): void {
  const faults = pathSegment(name);
  if (faults.length > 0) throw badRequest(`Name parameter invalid: ${quote(name)}: ${faults.join(';')}`);
}

/** The list of such a kind names it; the old watch path of it does not exist. */
function notWatchable(call: ResourceCall): StatusError {
  const { kind } = call;
  const { info } = call.scope;
  if (info.path.split('/').includes('watch')) return resourceNotFound();
  warnDeprecated(call);
  return kind.verbs.includes('list') ? methodNotSupported(subjectOf(kind), 'watch') : methodNotAllowed();
}

/** Whether the method exists at this path. */
function takes({ kind, scope: { info, request } }: ResourceCall): boolean {
  // The router knows no HEAD.
  if (request.method === 'HEAD' || !(kind.verbs as readonly string[]).includes(info.verb)) return false;
  const everywhere = kind.namespaced && info.namespace === '';
  if (everywhere) return info.verb === 'list' || info.verb === 'watch';
  if (info.verb === 'create') return !info.named;
  if (info.verb === 'get' || info.verb === 'update' || info.verb === 'patch' || info.verb === 'delete')
    return info.named;
  return true;
}

/** Whether the path has a form that the kind is served under. */
function isReachable(kind: Kind, { info }: RequestScope): boolean {
  if (!kind.namespaced) return info.namespace === '' || (info.resource === 'namespaces' && info.group === '');
  // All namespaces at once are a path of kinds that are listed.
  return info.namespace !== '' || (!info.named && (kind.verbs as readonly string[]).includes('list'));
}

/**
 * Custom resources are looked up after all other paths, so that what is none of theirs is not known at all.
 * Upstream: apiserver/customresource_handler.go ServeHTTP.
 */
function checkCustomPath({ kind, scope }: ResourceCall): Response | undefined {
  const { info } = scope;
  const everywhere = info.verb === 'list' || info.verb === 'watch';
  if (kind.namespaced ? info.namespace === '' && !everywhere : info.namespace !== '') return pageNotFound();
  const definition = kind.subresources.find(({ name }) => name === info.subresource);
  if (info.subresource !== '' && !definition) throw notFound(subjectOf(kind), info.name);
  const verbs: readonly string[] = definition?.verbs ?? kind.verbs;
  if (!verbs.includes(info.verb)) throw methodNotSupported(subjectOf(kind), info.verb);
  if (!info.named && (info.verb === 'update' || info.verb === 'patch')) throw badRequest('name must be provided');
  return undefined;
}

async function answerSubresource(call: ResourceCall): Promise<Response> {
  const { kind, scope } = call;
  const definition = kind.subresources.find((subresource) => subresource.name === scope.info.subresource);
  const handler = findSubresource(kind, scope.info.subresource);
  if (!definition || !handler || scope.info.verb === 'watch') throw resourceNotFound();
  if (scope.info.rest.length > 0 && scope.info.subresource !== 'proxy') throw resourceNotFound();
  // Proxies take every method; that which has no verb is not among theirs.
  const proxied = scope.info.subresource === 'proxy' && scope.request.method === 'OPTIONS';
  if (!proxied && !definition.verbs.includes(scope.info.verb)) throw methodNotAllowed();
  if (scope.request.method === 'HEAD' && scope.info.subresource !== 'proxy' && !kind.itemsCarryType)
    throw methodNotAllowed();
  return handler.answer(call, definition);
}

/** A served group answers a Status, anything else plain text. */
function unknownResource(parts: ServerParts, { info }: RequestScope): Response {
  const served =
    info.group === '' || parts.kinds.all().some((kind) => kind.group === info.group && !kind.itemsCarryType);
  if (served) throw resourceNotFound();
  return pageNotFound();
}

/** By resource of the core group. Upstream: kinds that implement APILifecycleDeprecated, and handlers' warnings on them. */
const DEPRECATED: Record<string, string> = {
  endpoints: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  componentstatuses: 'v1 ComponentStatus is deprecated in v1.19+',
};

function warnDeprecated({ kind, scope }: ResourceCall): void {
  for (const warning of kind.warnings ?? []) scope.warn(warning);
  const text = kind.group === '' && kind.version === 'v1' ? DEPRECATED[kind.resource] : undefined;
  if (!text) return;
  scope.warn(text);
  scope.audit?.annotate('k8s.io/deprecated', 'true');
}
