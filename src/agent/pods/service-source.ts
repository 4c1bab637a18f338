import { informerKey } from '../../client/index.ts';
import type { Service } from '../../kinds/index.ts';
import type { ServiceSource } from './context.ts';

/** Services by namespace, fed by an informer. */
export class ServiceCache implements ServiceSource {
  readonly #services = new Map<string, Service>();
  #synced = false;

  set(service: Service): void {
    this.#services.set(informerKey(service as never), service);
  }

  delete(service: Service): void {
    this.#services.delete(informerKey(service as never));
  }

  markSynced(): void {
    this.#synced = true;
  }

  inNamespace(namespace: string): readonly Service[] | undefined {
    if (!this.#synced) return undefined;
    return [...this.#services.values()].filter((service) => service.metadata.namespace === namespace);
  }
}
