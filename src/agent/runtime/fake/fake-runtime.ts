/** A runtime that plays containers in memory, for simulated nodes and tests: nothing runs, everything can be told to end. */
import type { Clock } from '../../../base/clock.ts';
import type * as c from '../contract.ts';
import { RuntimeError } from '../contract.ts';

export interface FakeRuntimeOptions {
  clock: Clock;
  /** Address of a new sandbox. */
  nextIP(): string;
  /** Makes ids unique among the nodes of a process. */
  prefix: string;
  /** Images that exist; without it every image does. */
  images?: ReadonlyMap<string, c.Image>;
  /** Answers exec commands; without it they succeed silently. */
  exec?(container: c.ContainerStatus, command: readonly string[]): Partial<c.ExecResult>;
}

interface FakeContainer {
  status: c.ContainerStatus;
  sandboxId: string;
  config: c.ContainerConfig;
}

const hasLabels = (labels: Record<string, string>, wanted: Record<string, string> | undefined): boolean =>
  Object.entries(wanted ?? {}).every(([key, value]) => labels[key] === value);

export class FakeRuntime implements c.ContainerRuntime {
  readonly name = 'fake';
  /** Names of the calls so far, for tests. */
  readonly calls: string[] = [];
  readonly #options: FakeRuntimeOptions;
  readonly #sandboxes = new Map<string, { config: c.SandboxConfig; status: c.SandboxStatus }>();
  readonly #containers = new Map<string, FakeContainer>();
  readonly #listeners = new Set<(event: c.RuntimeEvent) => void>();
  readonly #pulled = new Map<string, c.Image>();
  readonly #errors = new Map<string, RuntimeError>();
  #ids = 0;

  constructor(options: FakeRuntimeOptions) {
    this.#options = options;
  }

  #id(): string {
    return `${this.#options.prefix}${(++this.#ids).toString(16).padStart(12, '0')}`;
  }

  #emit(event: c.RuntimeEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #called(method: string): void {
    this.calls.push(method);
    if (this.calls.length > 10_000) this.calls.splice(0, 5000);
    const error = this.#errors.get(method);
    if (error !== undefined) throw error;
  }

  /** Calls of `method` fail from now on; without an error they work again. */
  failOn(method: string, error?: RuntimeError): void {
    if (error === undefined) this.#errors.delete(method);
    else this.#errors.set(method, error);
  }

  /** Ends a container as if its program had. */
  exit(id: string, exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    const status = this.#container(id).status;
    if (status.state !== 'running') return;
    Object.assign(status, { state: 'exited', exitCode, reason, finishedAt: this.#options.clock.now() });
    this.#emit({ type: 'exited', id });
  }

  /** Kills a sandbox as if its holding process had died. */
  breakSandbox(id: string): void {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    sandbox.status.state = 'notReady';
    this.#emit({ type: 'exited', id });
  }

  #container(id: string): FakeContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new RuntimeError('NotFound', `container "${id}" not found`);
    return container;
  }

  async version() {
    return { name: 'fake', version: '1', apiVersion: 'v1' };
  }

  async conditions() {
    return ['RuntimeReady', 'NetworkReady'].map((type) => ({ type, status: true, reason: '', message: '' }));
  }

  /** What a container was created with. */
  configOf(id: string): c.ContainerConfig | undefined {
    return this.#containers.get(id)?.config;
  }

  async runPodSandbox(config: c.SandboxConfig): Promise<string> {
    this.#called('runPodSandbox');
    const id = this.#id();
    const hostNetwork = config.security.namespaceOptions.network === 'NODE';
    const { metadata, labels, annotations } = config;
    const createdAt = this.#options.clock.now();
    const ips = hostNetwork ? [] : [this.#options.nextIP()];
    const status: c.SandboxStatus = { id, metadata, state: 'ready', createdAt, labels, annotations, ips, hostNetwork };
    this.#sandboxes.set(id, { config, status });
    return id;
  }

  async stopPodSandbox(id: string): Promise<void> {
    this.#called('stopPodSandbox');
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return;
    for (const [containerId, container] of this.#containers) {
      if (container.sandboxId === id) await this.stopContainer(containerId, 0);
    }
    sandbox.status.state = 'notReady';
  }

  async removePodSandbox(id: string): Promise<void> {
    this.#called('removePodSandbox');
    await this.stopPodSandbox(id);
    for (const [containerId, container] of this.#containers) {
      if (container.sandboxId === id) this.#containers.delete(containerId);
    }
    this.#sandboxes.delete(id);
  }

  async podSandboxStatus(id: string): Promise<c.SandboxStatus> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) throw new RuntimeError('NotFound', `sandbox "${id}" not found`);
    return { ...sandbox.status };
  }

  async listPodSandboxes(filter: c.ListFilter = {}): Promise<c.Sandbox[]> {
    const all = [...this.#sandboxes.values()].map(({ status }) => ({ ...status }));
    return all.filter((s) => (filter.id === undefined || s.id === filter.id) && hasLabels(s.labels, filter.labels));
  }

  async createContainer(sandboxId: string, config: c.ContainerConfig, sandbox: c.SandboxConfig): Promise<string> {
    this.#called('createContainer');
    if (!this.#sandboxes.has(sandboxId)) throw new RuntimeError('NotFound', `sandbox "${sandboxId}" not found`);
    const id = this.#id();
    const { name, attempt, labels, annotations } = config;
    const image = await this.imageStatus(config.image);
    const status: c.ContainerStatus = {
      id,
      name,
      attempt,
      state: 'created',
      createdAt: this.#options.clock.now(),
      startedAt: 0,
      finishedAt: 0,
      exitCode: 0,
      image: image?.repoTags[0] ?? config.image,
      imageRef: image?.repoDigests[0] ?? image?.id ?? config.image,
      reason: '',
      message: '',
      labels,
      annotations,
      logPath: `${sandbox.logDirectory}/${config.logPath}`,
    };
    this.#containers.set(id, { status, sandboxId, config });
    return id;
  }

  async startContainer(id: string): Promise<void> {
    this.#called('startContainer');
    const { status } = this.#container(id);
    status.state = 'running';
    status.startedAt = this.#options.clock.now();
    this.#emit({ type: 'started', id });
  }

  async stopContainer(id: string, graceSeconds: number): Promise<void> {
    this.#called('stopContainer');
    const status = this.#containers.get(id)?.status;
    if (status?.state === 'running') this.exit(id, graceSeconds === 0 ? 137 : 143, 'Error');
  }

  async removeContainer(id: string): Promise<void> {
    this.#called('removeContainer');
    this.#containers.delete(id);
  }

  async listContainers(filter: c.ListFilter = {}): Promise<c.Container[]> {
    const out: c.Container[] = [];
    for (const { status, sandboxId } of this.#containers.values()) {
      if (filter.id !== undefined && status.id !== filter.id) continue;
      if (filter.sandboxId !== undefined && sandboxId !== filter.sandboxId) continue;
      if (!hasLabels(status.labels, filter.labels)) continue;
      const { id, name, attempt, state, image, imageRef, createdAt, labels, annotations } = status;
      out.push({ id, sandboxId, name, attempt, state, image, imageRef, createdAt, labels, annotations });
    }
    return out;
  }

  async containerStatus(id: string): Promise<c.ContainerStatus> {
    return { ...this.#container(id).status };
  }

  async updateContainerResources(): Promise<void> {
    this.#called('updateContainerResources');
  }

  async reopenContainerLog(): Promise<void> {
    this.#called('reopenContainerLog');
  }

  async execSync(id: string, command: readonly string[]): Promise<c.ExecResult> {
    this.#called('execSync');
    const { status } = this.#container(id);
    const empty = new Uint8Array();
    return { stdout: empty, stderr: empty, exitCode: 0, ...this.#options.exec?.(status, command) };
  }

  #noStreams(): never {
    throw new RuntimeError('Unimplemented', 'this node is simulated: no program runs in its containers');
  }

  async execUrl(): Promise<string> {
    return this.#noStreams();
  }

  async attachUrl(): Promise<string> {
    return this.#noStreams();
  }

  async portForwardUrl(): Promise<string> {
    return this.#noStreams();
  }

  async containerStats(): Promise<c.ContainerStats[]> {
    return [];
  }

  async listImages(): Promise<c.Image[]> {
    return [...(this.#options.images?.values() ?? []), ...this.#pulled.values()];
  }

  async imageStatus(reference: string): Promise<c.Image | undefined> {
    const { images } = this.#options;
    if (images === undefined) return fakeImage(reference);
    const all = [...images.values(), ...this.#pulled.values()];
    return images.get(reference) ?? this.#pulled.get(reference) ?? all.find((image) => image.id === reference);
  }

  async pullImage(reference: string): Promise<string> {
    this.#called('pullImage');
    const image = fakeImage(reference);
    this.#pulled.set(reference, image);
    return image.id;
  }

  async removeImage(reference: string): Promise<void> {
    this.#called('removeImage');
    this.#pulled.delete(reference);
  }

  async imageFilesystems() {
    return [];
  }

  subscribe(listener: (event: c.RuntimeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
  }
}

/** An image of that name; its id is the name, so that it can be asked for by either. */
export function fakeImage(reference: string): c.Image {
  return { id: reference, repoTags: [reference], repoDigests: [], size: 1_000_000, username: '', pinned: false };
}
