/** The values of the variables that expressions see. Upstream: plugin/cel/{activation,condition}.go. */
import type { CelBindings } from '../../../machinery/cel/index.ts';
import type { Json, JsonObject, KubeObject } from '../../../machinery/meta.ts';
import { requestAttributes, type VersionedRequest } from './versioned-request.ts';

export interface BindingsInput {
  readonly versioned: VersionedRequest;
  readonly params?: JsonObject | null;
  /** The namespace of the request; absent for objects outside namespaces and for namespaces. */
  readonly namespace?: KubeObject | undefined;
  /** The expressions are match conditions, which see no namespace. */
  readonly forConditions?: boolean;
}

/** What few expressions read is made when one does. */
export function bindingsOf({ versioned, params = null, namespace, forConditions = false }: BindingsInput): CelBindings {
  let request: JsonObject | undefined;
  let shown: JsonObject | undefined;
  return {
    object: versioned.object,
    oldObject: versioned.oldObject,
    params,
    get request() {
      request ??= requestAttributes(versioned, forConditions);
      return request;
    },
    get namespaceObject() {
      if (!namespace || forConditions) return null;
      shown ??= shownNamespace(namespace);
      return shown;
    },
  };
}

const SHOWN = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'finalizers',
] as const;

/** Upstream: CreateNamespaceObject. */
function shownNamespace({ metadata, spec, status }: KubeObject): JsonObject {
  const shown = SHOWN.flatMap((field) => (metadata[field] === undefined ? [] : [[field, metadata[field]] as const]));
  return {
    metadata: Object.fromEntries(shown) as JsonObject,
    spec: (spec ?? {}) as Json,
    status: (status ?? {}) as Json,
  };
}
