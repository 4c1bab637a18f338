/** Objects reduced to their metadata. Upstream: apimachinery metav1.PartialObjectMetadata. */
import type { Kind } from '../../machinery/kind.ts';
import type { KubeObject, ListMeta, ObjectMeta } from '../../machinery/meta.ts';

/** What a view of an object's metadata depends on. */
export interface PartialForm {
  version: 'v1' | 'v1beta1';
  kind: Pick<Kind, 'carriers'>;
}

/** One object as PartialObjectMetadata of meta.k8s.io. */
export function partialMetadata({ metadata }: KubeObject, { version, kind }: PartialForm): object {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: kind.carriers ? withoutAnnotations(metadata, kind.carriers) : metadata,
  };
}

function withoutAnnotations(metadata: ObjectMeta, names: readonly string[]): ObjectMeta {
  if (!metadata.annotations) return metadata;
  const { annotations, ...rest } = metadata;
  const kept = Object.entries(annotations).filter(([name]) => !names.includes(name));
  return kept.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(kept) };
}

/** Objects as PartialObjectMetadataList, which has no list where it has no items. */
export function partialMetadataList(objects: readonly KubeObject[], metadata: ListMeta, form: PartialForm): object {
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata,
    items: objects.length === 0 ? null : objects.map((object) => partialMetadata(object, form)),
  };
}
