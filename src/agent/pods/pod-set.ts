/** All pods of the node: gives each its worker, tells workers of events, and finds back what an earlier agent left. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../kinds/index.ts';
import { messageOf } from '../log.ts';
import type { RuntimeEvent } from '../runtime/contract.ts';
import type { PodContext } from './context.ts';
import { POD_GRACE, POD_NAME, POD_NAMESPACE, POD_UID } from './labels.ts';
import { PodObserver } from './observed.ts';
import { removePodRemains, stopPod } from './pod-teardown.ts';
import { removePodFolder } from './pod-volumes.ts';
import { PodWorker } from './pod-worker.ts';

/** Ids are remembered for speed only; each restart of a container brings a new one. */
const MAX_OWNERS = 4096;

export class PodSet {
  readonly #context: PodContext;
  readonly #workers = new Map<string, PodWorker>();
  /** Pod uid by container or sandbox id, as far as events have asked. */
  readonly #owners = new Map<string, string>();
  readonly #cleaning = new Set<string>();
  readonly #unsubscribe: () => void;
  /** Called when pods come or go. */
  onChange: () => void = () => {};

  constructor(context: PodContext) {
    this.#context = context;
    this.#unsubscribe = context.runtime.subscribe((event) => void this.#onEvent(event));
  }

  /** A pod of this node is new or changed. */
  set(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    this.#context.saved?.save(pod);
    const worker = this.#workers.get(uid);
    if (worker !== undefined) {
      worker.update(pod);
      return;
    }
    const fresh = new PodWorker({ context: this.#context, pod, onGone: (gone) => this.#drop(gone) });
    this.#workers.set(uid, fresh);
    fresh.wake();
    this.onChange();
  }

  /** Takes up pods that an earlier agent wrote down. */
  restore(pods: readonly Pod[]): void {
    for (const pod of pods) if (!this.#workers.has(pod.metadata.uid ?? '')) this.set(pod);
  }

  /** The API has these pods and no others. */
  retain(pods: Iterable<Pod>): void {
    const uids = new Set([...pods].map((pod) => pod.metadata.uid));
    for (const worker of this.#workers.values()) if (!uids.has(worker.uid)) worker.forget();
  }

  /** A pod is gone from the API. */
  delete(pod: Pod): void {
    this.#workers.get(pod.metadata.uid ?? '')?.forget();
  }

  #drop(uid: string): void {
    this.#workers.delete(uid);
    this.#context.saved?.forget(uid);
    for (const [id, owner] of this.#owners) if (owner === uid) this.#owners.delete(id);
    this.onChange();
  }

  get size(): number {
    return this.#workers.size;
  }

  [Symbol.iterator](): IterableIterator<PodWorker> {
    return this.#workers.values();
  }

  /** The worker of a pod by its name. */
  find(namespace: string, name: string): PodWorker | undefined {
    for (const worker of this.#workers.values()) {
      const { metadata } = worker.pod;
      if (metadata.name === name && metadata.namespace === namespace) return worker;
    }
    return undefined;
  }

  async #onEvent(event: RuntimeEvent): Promise<void> {
    if (event.type === 'reconnected') {
      for (const worker of this.#workers.values()) worker.wake();
      return;
    }
    // What a worker starts or removes it knows without being told.
    if (event.type !== 'exited') return;
    const uid = this.#owners.get(event.id) ?? (await this.#ownerOf(event.id).catch(() => undefined));
    if (uid !== undefined) this.#workers.get(uid)?.wake();
  }

  async #ownerOf(id: string): Promise<string | undefined> {
    const { runtime } = this.#context;
    const [container] = await runtime.listContainers({ id });
    const found = container ?? (await runtime.listPodSandboxes({ id }))[0];
    const uid = found?.labels[POD_UID];
    if (this.#owners.size >= MAX_OWNERS) this.#owners.clear();
    if (uid !== undefined) this.#owners.set(id, uid);
    return uid;
  }

  /** After the first complete list: ends pods that the runtime has and the API does not. */
  async removeOrphans(): Promise<void> {
    const { runtime, log } = this.#context;
    const sandboxes = await runtime.listPodSandboxes();
    const orphans = new Map<string, Pod>();
    for (const { labels, metadata } of sandboxes) {
      const uid = labels[POD_UID] ?? metadata.uid;
      if (this.#workers.has(uid) || this.#cleaning.has(uid)) continue;
      orphans.set(uid, {
        spec: {},
        metadata: {
          name: labels[POD_NAME] ?? metadata.name,
          namespace: labels[POD_NAMESPACE] ?? metadata.namespace,
          uid,
        },
      });
    }
    await Promise.all(
      [...orphans].map(async ([uid, pod]) => {
        this.#cleaning.add(uid);
        try {
          log('info', 'ending a pod that the API does not know', { pod: pod.metadata.name, uid });
          await this.#removeOrphan(uid, pod);
        } catch (error) {
          log('warn', 'an orphaned pod is left', { uid, error: messageOf(error) });
        } finally {
          this.#cleaning.delete(uid);
        }
      }),
    );
    if (this.#context.real) await this.#removeFolders();
  }

  async #removeOrphan(uid: string, pod: Pod): Promise<void> {
    const observed = await new PodObserver(this.#context.runtime, uid).observe();
    const graces = [...observed.containers.values()].flat().map((run) => Number(run.annotations[POD_GRACE] ?? 0));
    const grace = Math.max(1, ...graces.filter(Number.isFinite));
    const { signal } = new AbortController();
    await stopPod(this.#context, { pod, observed, grace, podIP: '', message: 'Stopping container', signal });
    await removePodRemains(this.#context, pod, observed);
  }

  async #removeFolders(): Promise<void> {
    const { podsDir } = this.#context.node();
    for (const uid of await readdir(podsDir).catch(() => [])) {
      if (this.#workers.has(uid)) continue;
      await removePodFolder(join(podsDir, uid)).catch((error) =>
        this.#context.log('warn', 'a pod folder is left', { uid, error: messageOf(error) }),
      );
    }
  }

  /** Sends every status again that the API may have missed. */
  resend(): void {
    this.#context.status.hurry();
    for (const worker of this.#workers.values()) worker.resend();
  }

  /** Ends the workers; pods go on running. Resolves when nothing is under way any more. */
  async detach(): Promise<void> {
    this.#unsubscribe();
    const ends = [...this.#workers.values()].map((worker) => worker.detach());
    this.#workers.clear();
    await Promise.all(ends);
  }
}
