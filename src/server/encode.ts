/** Turns an object into what storage keeps: text in a fixed shape and its projection. */
import { parseJson } from '../machinery/exact-numbers.ts';
import type { Kind } from '../machinery/kind.ts';
import type { KubeObject, ObjectMeta } from '../machinery/meta.ts';
import type { EncodedObject, Projection } from '../storage/contract.ts';

const MARK = '"resourceVersion":""';

/**
 * The first characters of every stored object of a kind. The space after the brace is what no nested object can have
 * (JSON.stringify writes none), so that lists strip this head from joined texts without parsing them.
 */
export function storedHead(kind: Kind): string {
  return `{ "kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(kind.storageVersion)},`;
}

/** Metadata in the order the server writes; everything before resourceVersion is scalar, so its position is found fast. */
function orderedMetadata(meta: ObjectMeta): ObjectMeta {
  const { name, generateName, namespace, selfLink, uid, generation, creationTimestamp, ...rest } = meta;
  delete rest.resourceVersion;
  const {
    deletionTimestamp,
    deletionGracePeriodSeconds,
    labels,
    annotations,
    ownerReferences,
    finalizers,
    managedFields,
    ...other
  } = rest;
  return {
    name,
    generateName: generateName || undefined,
    namespace: namespace || undefined,
    selfLink: selfLink || undefined,
    uid,
    resourceVersion: '',
    generation: generation || undefined,
    creationTimestamp: creationTimestamp ?? undefined,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    labels: filled(labels),
    annotations: filled(annotations),
    ownerReferences: ownerReferences?.length ? ownerReferences : undefined,
    finalizers: finalizers?.length ? finalizers : undefined,
    ...other,
    managedFields: managedFields?.length ? managedFields : undefined,
  };
}

function filled<V>(map: Record<string, V> | undefined): Record<string, V> | undefined {
  if (map === undefined || map === null) return undefined;
  for (const _ in map) return map;
  return undefined;
}

/** Encodes `object`, which is in the version of `kind`, in the kind's storage version. */
export function encodeObject(kind: Kind, object: KubeObject): EncodedObject {
  const stored = kind.toStorage ? kind.toStorage(object) : object;
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = stored;
  const body = JSON.stringify({ metadata: orderedMetadata(metadata), ...rest });
  const text = storedHead(kind) + body.slice(1);
  const revisionAt = text.indexOf(MARK) + MARK.length - 1;
  const claims = kind.claimsOf?.(object);
  return { text, revisionAt, projection: projectionOf(kind, object), ...(claims?.length ? { claims } : {}) };
}

/** What selectors and indexes see of an object. */
function projectionOf(kind: Kind, object: KubeObject): Projection {
  const { metadata } = object;
  const owners = metadata.ownerReferences;
  return {
    uid: metadata.uid ?? '',
    labels: metadata.labels ?? {},
    fields: kind.fieldsOf?.(object) ?? {},
    indexed: kind.indexedFields as string[],
    owners: owners
      ? owners.map((o) => ({
          apiVersion: o.apiVersion,
          kind: o.kind,
          name: o.name,
          uid: o.uid,
          controller: o.controller === true,
        }))
      : [],
    deleting: metadata.deletionTimestamp !== undefined,
    ...(metadata.finalizers?.length ? { finalizers: metadata.finalizers } : {}),
  };
}

/** The text an object would have at `revision`, for answers of dry runs. */
export function textAtRevision(encoded: EncodedObject, revision: string): string {
  if (revision !== '')
    return encoded.text.slice(0, encoded.revisionAt) + revision + encoded.text.slice(encoded.revisionAt);
  const start = encoded.revisionAt - MARK.length + 1;
  return encoded.text.slice(0, start) + encoded.text.slice(encoded.revisionAt + 2);
}

/** Parses a stored text into the version of `kind`. */
export function decodeStored(kind: Kind, text: string): KubeObject {
  const object = parseJson(text) as KubeObject;
  return kind.fromStorage ? kind.fromStorage(object) : object;
}
