import { type Clock, systemClock } from '../../../base/clock.ts';
import type * as c from '../contract.ts';
import { isRuntimeError } from '../contract.ts';
import { type CallLimits, CriConnection } from './connection.ts';
import { TaskEvents } from './events.ts';
import { ExecProcesses } from './execs.ts';
import * as read from './read.ts';
import { containerMessage, resourcesMessage, sandboxMessage } from './write.ts';

const RUNTIME = 'runtime.v1.RuntimeService';
const IMAGE = 'runtime.v1.ImageService';
/** CRI marks a container exited some milliseconds after the event: ask again after these. */
const SETTLE_MS = [2, 5, 10, 20, 40, 80, 160, 320, 640, 1000];

/** CRI v1 of containerd (1.6 and newer) over its socket. */
export class CriRuntime implements c.ContainerRuntime {
  readonly name = 'containerd';
  readonly #connection: CriConnection;
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: c.RuntimeEvent) => void>();
  readonly #execs: ExecProcesses;
  #events: TaskEvents | undefined;

  constructor(socket: string, clock: Clock = systemClock) {
    this.#connection = new CriConnection(socket, clock);
    this.#clock = clock;
    this.#execs = new ExecProcesses(this.#connection, clock);
  }

  #runtime<R>(method: string, request: object, limits?: CallLimits): Promise<R> {
    return this.#connection.call<R>(RUNTIME, method, request, limits);
  }

  #image<R>(method: string, request: object, limits?: CallLimits): Promise<R> {
    return this.#connection.call<R>(IMAGE, method, request, limits);
  }

  async #unlessGone(call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (error) {
      if (!isRuntimeError(error, 'NotFound')) throw error;
    }
  }

  async version() {
    const v = await this.#runtime<read.VersionMessage>('Version', { version: 'v1' }, { timeout: 5000 });
    return { name: v.runtimeName, version: v.runtimeVersion, apiVersion: v.runtimeApiVersion };
  }

  async conditions() {
    const answer = await this.#runtime<read.StatusMessage>('Status', {}, { timeout: 10_000 });
    return answer.status?.conditions ?? [];
  }

  async runPodSandbox(config: c.SandboxConfig, options: c.CallOptions = {}): Promise<string> {
    const request = { config: sandboxMessage(config), runtimeHandler: '' };
    return (await this.#runtime<{ id: string }>('RunPodSandbox', request, { timeout: 240_000, ...options })).id;
  }

  stopPodSandbox(id: string): Promise<void> {
    return this.#unlessGone(this.#runtime('StopPodSandbox', { id }));
  }

  removePodSandbox(id: string): Promise<void> {
    return this.#unlessGone(this.#runtime('RemovePodSandbox', { id }));
  }

  async podSandboxStatus(id: string): Promise<c.SandboxStatus> {
    const answer = await this.#runtime<read.SandboxStatusMessage>('PodSandboxStatus', { id, verbose: true });
    return read.sandboxStatus(answer);
  }

  async listPodSandboxes(filter: c.ListFilter = {}): Promise<c.Sandbox[]> {
    const answer = await this.#runtime<{ items: read.SandboxMessage[] }>('ListPodSandbox', { filter });
    return answer.items.map(read.sandbox);
  }

  async createContainer(sandboxId: string, config: c.ContainerConfig, sandbox: c.SandboxConfig): Promise<string> {
    const request = { sandboxId, config: containerMessage(config), sandboxConfig: sandboxMessage(sandbox) };
    return (await this.#runtime<{ id: string }>('CreateContainer', request)).id;
  }

  async startContainer(id: string): Promise<void> {
    await this.#runtime('StartContainer', { id });
  }

  stopContainer(id: string, graceSeconds: number): Promise<void> {
    const limits = { timeout: (graceSeconds + 120) * 1000 };
    return this.#unlessGone(this.#runtime('StopContainer', { id, timeout: graceSeconds }, limits));
  }

  removeContainer(id: string): Promise<void> {
    return this.#unlessGone(this.#runtime('RemoveContainer', { id }));
  }

  async listContainers(filter: c.ListFilter = {}): Promise<c.Container[]> {
    const answer = await this.#runtime<{ containers: read.ContainerMessage[] }>('ListContainers', { filter });
    return answer.containers.map(read.container);
  }

  async containerStatus(id: string): Promise<c.ContainerStatus> {
    const answer = await this.#runtime<{ status: read.ContainerStatusMessage }>('ContainerStatus', { id });
    return read.containerStatus(answer.status);
  }

  async updateContainerResources(id: string, resources: c.LinuxResources): Promise<void> {
    await this.#runtime('UpdateContainerResources', { id, linux: resourcesMessage(resources) });
  }

  async reopenContainerLog(id: string): Promise<void> {
    await this.#runtime('ReopenContainerLog', { id });
  }

  execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<c.ExecResult> {
    const limits = { timeout: timeoutSeconds > 0 ? (timeoutSeconds + 10) * 1000 : 0 };
    return this.#runtime<c.ExecResult>('ExecSync', { id, command, timeout: timeoutSeconds }, limits);
  }

  async execUrl(id: string, command: readonly string[], streams: c.StreamSelection): Promise<string> {
    return (await this.#runtime<{ url: string }>('Exec', { id, command, ...streams })).url;
  }

  async attachUrl(id: string, streams: c.StreamSelection): Promise<string> {
    return (await this.#runtime<{ url: string }>('Attach', { id, ...streams })).url;
  }

  async portForwardUrl(sandboxId: string, ports: readonly number[]): Promise<string> {
    return (await this.#runtime<{ url: string }>('PortForward', { id: sandboxId, ports })).url;
  }

  async containerStats(filter: c.ListFilter = {}): Promise<c.ContainerStats[]> {
    const answer = await this.#runtime<{ stats: read.StatsMessage[] }>('ListContainerStats', { filter });
    return answer.stats.map(read.containerStats);
  }

  async listImages(): Promise<c.Image[]> {
    return (await this.#image<{ images: read.ImageMessage[] }>('ListImages', {})).images.map(read.image);
  }

  async imageStatus(reference: string): Promise<c.Image | undefined> {
    const answer = await this.#image<{ image: read.ImageMessage | null }>('ImageStatus', {
      image: { image: reference },
    });
    return answer.image?.id ? read.image(answer.image) : undefined;
  }

  async pullImage(reference: string, auth?: c.RegistryAuth, options: c.CallOptions = {}): Promise<string> {
    const request = { image: { image: reference }, ...(auth ? { auth } : {}) };
    return (await this.#image<{ imageRef: string }>('PullImage', request, { timeout: 0, ...options })).imageRef;
  }

  removeImage(reference: string): Promise<void> {
    return this.#unlessGone(this.#image('RemoveImage', { image: { image: reference } }));
  }

  async imageFilesystems() {
    const answer = await this.#image<{ imageFilesystems: read.FilesystemMessage[] }>('ImageFsInfo', {});
    return answer.imageFilesystems.map(read.filesystem);
  }

  subscribe(listener: (event: c.RuntimeEvent) => void): () => void {
    this.#listeners.add(listener);
    this.#listen();
    return () => void this.#listeners.delete(listener);
  }

  watchExecs(id: string): c.ExecWatch {
    this.#listen();
    return this.#execs.watch(id);
  }

  #listen(): void {
    this.#events ??= new TaskEvents(this.#connection, this.#clock, {
      event: (event) => void this.#settle(event, 0),
      execEnded: (container, exec) => this.#execs.ended(container, exec),
    });
  }

  /** Holds an end back until CRI shows it, so that who reads the state on the event sees it. */
  async #settle(event: c.RuntimeEvent, attempt: number): Promise<void> {
    const wait = SETTLE_MS[attempt];
    if (event.type === 'exited' && wait !== undefined && (await this.#stillRuns(event.id))) {
      this.#clock.after(wait, () => void this.#settle(event, attempt + 1));
      return;
    }
    for (const listener of this.#listeners) listener(event);
  }

  async #stillRuns(id: string): Promise<boolean> {
    try {
      return (await this.containerStatus(id)).state === 'running';
    } catch (error) {
      if (!isRuntimeError(error, 'NotFound')) return false;
    }
    const sandbox = await this.podSandboxStatus(id).catch(() => undefined);
    return sandbox?.state === 'ready';
  }

  close(): void {
    this.#events?.close();
    this.#connection.close();
  }
}
