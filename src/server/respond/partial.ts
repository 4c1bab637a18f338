/** Objects reduced to their metadata. Upstream: apimachinery metav1.PartialObjectMetadata. */
import type { KubeObject, ListMeta } from '../../machinery/meta.ts';

/** One object as PartialObjectMetadata of meta.k8s.io. */
export function partialMetadata(object: KubeObject, version: 'v1' | 'v1beta1'): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

/** Objects as PartialObjectMetadataList, which has no list where it has no items. */
export function partialMetadataList(
  objects: readonly KubeObject[],
  metadata: ListMeta,
  version: 'v1' | 'v1beta1',
): object {
  return {
    kind: 'PartialObjectMetadataList',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    items: objects.length === 0 ? null : objects.map((object) => partialMetadata(object, version)),
  };
}
