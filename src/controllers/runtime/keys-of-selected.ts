import type { LabelSelector } from '../../kinds/index.ts';
import type { KindRef } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { type Change, formatKey, hasController, keyOfOwner } from './change.ts';
import type { Watch } from './define-controller.ts';
import type { Inspected } from './inspected.ts';
import { matchesLabels } from './label-selector.ts';

interface Selecting extends KubeObject {
  spec?: { selector?: LabelSelector | null };
}

/**
 * `keys` of a watch on what objects of `ownerKind` own by selector: the controlling owner, before and after the change,
 * and all that select a changed object which nothing controls. `inspected` takes note of labels that change.
 */
export function keysOfSelected<T extends KubeObject = Selecting>(
  ownerKind: KindRef<T>,
  inspected: Inspected,
  selectorOf: (owner: T) => LabelSelector | null | undefined = ({ spec }: Selecting) => spec?.selector,
): Watch['keys'] {
  const ownerKeys = keyOfOwner(ownerKind.group, ownerKind.kind);
  return async (change: Change, context) => {
    inspected.changed(change);
    const keys = ownerKeys(change);
    if (hasController(change) || change.type === 'DELETED') return keys;
    const { namespace } = change.key;
    const all = await context.list<T>(ownerKind, namespace);
    const matching = all.filter((owner) => matchesLabels(selectorOf(owner), change.projection.labels));
    return [...keys, ...matching.map(({ metadata }) => formatKey(namespace, metadata.name ?? ''))];
  };
}
