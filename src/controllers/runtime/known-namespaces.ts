import type { KindRef } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { KeyContext } from './define-controller.ts';

/**
 * Namespaces that have, or had, objects of a kind that `concerns` a controller, so that changes in all others cost no
 * read. Losing it costs one read of the kind.
 */
export class KnownNamespaces<T extends KubeObject> {
  readonly #kind: KindRef<T>;
  readonly #concerns: (object: T) => boolean;
  readonly #known = new Set<string>();
  #complete = false;

  constructor(kind: KindRef<T>, concerns: (object: T) => boolean = () => true) {
    this.#kind = kind;
    this.#concerns = concerns;
  }

  add(namespace: string): void {
    this.#known.add(namespace);
  }

  async has(namespace: string, { list }: KeyContext): Promise<boolean> {
    if (!this.#complete) {
      const objects = await list(this.#kind);
      for (const object of objects) if (this.#concerns(object)) this.#known.add(object.metadata.namespace ?? '');
      this.#complete = true;
    }
    return this.#known.has(namespace);
  }
}
