/** What the runtime knows of one pod. */
import type { Container, ContainerRuntime, ContainerStatus, Sandbox, SandboxStatus } from '../runtime/contract.ts';
import { POD_UID, RESTART_COUNT } from './labels.ts';

export interface ObservedContainer extends ContainerStatus {
  sandboxId: string;
}

export interface Observed {
  /** Newest first. */
  sandboxes: Sandbox[];
  /** Of the newest sandbox. */
  sandbox: SandboxStatus | undefined;
  /** By container name, newest first. */
  containers: ReadonlyMap<string, ObservedContainer[]>;
}

export const emptyObserved: Observed = { sandboxes: [], sandbox: undefined, containers: new Map() };

/** The newest run of a container. */
export const newest = (observed: Observed, name: string): ObservedContainer | undefined =>
  observed.containers.get(name)?.[0];

export const restartCountOf = (status: ContainerStatus): number =>
  Number(status.annotations[RESTART_COUNT] ?? status.attempt);

/** Reads the state of a pod; statuses that cannot change any more are kept between calls. */
export class PodObserver {
  readonly #runtime: ContainerRuntime;
  readonly #labels: Record<string, string>;
  readonly #containers = new Map<string, ObservedContainer>();
  #sandbox: SandboxStatus | undefined;

  constructor(runtime: ContainerRuntime, uid: string) {
    this.#runtime = runtime;
    this.#labels = { [POD_UID]: uid };
  }

  async observe(): Promise<Observed> {
    const filter = { labels: this.#labels };
    const [sandboxes, listed] = await Promise.all([
      this.#runtime.listPodSandboxes(filter),
      this.#runtime.listContainers(filter),
    ]);
    sandboxes.sort((a, b) => b.metadata.attempt - a.metadata.attempt || b.createdAt - a.createdAt);
    const [sandbox, ...statuses] = await Promise.all([
      this.#sandboxStatus(sandboxes[0]),
      ...listed.map((container) => this.#containerStatus(container)),
    ]);
    const containers = new Map<string, ObservedContainer[]>();
    for (const status of statuses) {
      if (status === undefined) continue;
      const same = containers.get(status.name);
      if (same === undefined) containers.set(status.name, [status]);
      else same.push(status);
    }
    for (const same of containers.values()) same.sort((a, b) => b.createdAt - a.createdAt || b.attempt - a.attempt);
    const known = new Set(listed.map(({ id }) => id));
    for (const id of this.#containers.keys()) if (!known.has(id)) this.#containers.delete(id);
    return { sandboxes, sandbox, containers };
  }

  async #sandboxStatus(newest: Sandbox | undefined): Promise<SandboxStatus | undefined> {
    if (newest === undefined) return undefined;
    if (this.#sandbox?.id === newest.id && this.#sandbox.state === newest.state) return this.#sandbox;
    this.#sandbox = await this.#runtime.podSandboxStatus(newest.id).catch(() => undefined);
    return this.#sandbox;
  }

  async #containerStatus({ id, state, sandboxId }: Container): Promise<ObservedContainer | undefined> {
    const known = this.#containers.get(id);
    if (known !== undefined && known.state === state && state !== 'created') return known;
    const status = await this.#runtime.containerStatus(id).catch(() => undefined);
    if (status === undefined) return undefined;
    const observed = { ...status, sandboxId };
    this.#containers.set(id, observed);
    return observed;
  }
}
