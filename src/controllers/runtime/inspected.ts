import type { LabelSelector } from '../../kinds/index.ts';
import type { KindRef } from '../../machinery/kind.ts';
import { groupResource, type KubeObject } from '../../machinery/meta.ts';
import { sameJson } from './canonical.ts';
import type { Change } from './change.ts';
import type { ReconcileContext } from './define-controller.ts';
import { formatSelector } from './label-selector.ts';

export interface CandidateQuery<T extends KubeObject> {
  owner: KubeObject;
  /** What it owns. */
  kind: KindRef<T>;
  selector: LabelSelector | null | undefined;
}

/** Owners that are remembered; forgetting them costs one look into the owner index each. */
const MAX_OWNERS = 10_000;

/**
 * Finds what an owner may claim without reading whole namespaces: what its selector selects, and, unless that is known
 * to be all, what names it as owner without being selected, which happens when labels change. Remembers which owners
 * have been looked at.
 */
export class Inspected {
  readonly #uids = new Set<string>();
  /** Owners that are being looked at, and none of whose objects changed labels since. */
  readonly #looking = new Set<string>();

  /** Takes note of a change of something owned: labels that changed may have left the selector of its owner. */
  changed({ old, projection }: Change): void {
    if (!old || sameJson(old.labels, projection.labels)) return;
    for (const { controller, uid } of projection.owners) {
      if (!controller) continue;
      this.#uids.delete(uid);
      this.#looking.delete(uid);
    }
  }

  /** Objects that `owner` selects, and those of its own that it no longer does. */
  async candidates<T extends KubeObject>(query: CandidateQuery<T>, context: ReconcileContext): Promise<T[]> {
    const { owner, kind, selector } = query;
    const { namespace, uid = '' } = owner.metadata;
    this.#looking.add(uid);
    const { items } = await context.client.list(kind, { namespace, labelSelector: formatSelector(selector) });
    if (this.#uids.has(uid)) return items;
    const known = new Set(items.map(({ metadata }) => metadata.uid));
    const wanted = groupResource(kind.group, kind.resource);
    const strays = (await context.dependentsOf(uid)).filter(
      (dependent) =>
        groupResource(dependent.kind.group, dependent.kind.resource) === wanted && !known.has(dependent.uid),
    );
    const lists = await Promise.all(
      strays.map(({ namespace, name }) =>
        context.client.list(kind, { namespace, fieldSelector: `metadata.name=${name}` }),
      ),
    );
    return [...items, ...lists.flatMap((list) => list.items)];
  }

  /** What `candidates` found has been claimed or released. */
  claimed({ metadata }: KubeObject): void {
    const { uid = '' } = metadata;
    if (!this.#looking.delete(uid)) return;
    if (this.#uids.size > MAX_OWNERS) this.#uids.clear();
    this.#uids.add(uid);
  }
}
