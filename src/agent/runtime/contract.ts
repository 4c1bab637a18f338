/**
 * What the agent asks of a container runtime. `runtime/cri` speaks to containerd, `runtime/fake` plays one in memory.
 * The shapes follow CRI v1 so that a runtime is a thin adapter; times are milliseconds since the epoch.
 */

export type RuntimeErrorCode =
  | 'NotFound'
  | 'AlreadyExists'
  | 'InvalidArgument'
  | 'DeadlineExceeded'
  | 'Unavailable'
  | 'Unimplemented'
  | 'Canceled'
  | 'Unknown';

/** A call that the runtime refused or that did not reach it. `message` is fit for an event. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;
  /** The runtime's own words, without the code. */
  readonly details: string;
  constructor(code: RuntimeErrorCode, message: string, details = message) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

export const isRuntimeError = (error: unknown, code?: RuntimeErrorCode): error is RuntimeError =>
  error instanceof RuntimeError && (code === undefined || error.code === code);

export interface SandboxMetadata {
  name: string;
  uid: string;
  namespace: string;
  attempt: number;
}

export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE' | 'TARGET';

export interface NamespaceOptions {
  network: NamespaceMode;
  pid: NamespaceMode;
  ipc: NamespaceMode;
  targetId?: string;
}

export interface SecurityProfile {
  profileType: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  localhostRef?: string;
}

export interface LinuxResources {
  cpuPeriod?: number;
  cpuQuota?: number;
  cpuShares?: number;
  memoryLimitInBytes?: number;
  oomScoreAdj?: number;
}

export interface SandboxSecurity {
  namespaceOptions: NamespaceOptions;
  runAsUser?: number;
  runAsGroup?: number;
  supplementalGroups?: number[];
  privileged?: boolean;
  seccomp?: SecurityProfile;
}

export interface PortMapping {
  protocol: 'TCP' | 'UDP' | 'SCTP';
  containerPort: number;
  hostPort: number;
  hostIp?: string;
}

export interface SandboxConfig {
  metadata: SandboxMetadata;
  hostname: string;
  /** Folder of the pod's log files on the host. */
  logDirectory: string;
  dnsConfig?: { servers: string[]; searches: string[]; options: string[] };
  portMappings: PortMapping[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  cgroupParent?: string;
  sysctls?: Record<string, string>;
  security: SandboxSecurity;
}

export interface Mount {
  containerPath: string;
  hostPath: string;
  readonly: boolean;
  propagation?: 'PROPAGATION_PRIVATE' | 'PROPAGATION_HOST_TO_CONTAINER' | 'PROPAGATION_BIDIRECTIONAL';
}

export interface ContainerSecurity {
  addCapabilities?: string[];
  dropCapabilities?: string[];
  privileged: boolean;
  namespaceOptions: NamespaceOptions;
  runAsUser?: number;
  runAsGroup?: number;
  runAsUsername?: string;
  readonlyRootfs: boolean;
  supplementalGroups: number[];
  noNewPrivs: boolean;
  /** Unset: the runtime's default paths; empty: nothing is masked. */
  maskedPaths?: string[];
  readonlyPaths?: string[];
  seccomp: SecurityProfile;
}

export interface ContainerConfig {
  name: string;
  attempt: number;
  /** Reference or id of an image that is on the node. */
  image: string;
  command: string[];
  args: string[];
  workingDir: string;
  env: { key: string; value: string }[];
  mounts: Mount[];
  devices: { containerPath: string; hostPath: string; permissions: string }[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Path of the log file relative to the sandbox's log folder. */
  logPath: string;
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
  resources: LinuxResources;
  security: ContainerSecurity;
}

export type SandboxState = 'ready' | 'notReady';

export interface Sandbox {
  id: string;
  metadata: SandboxMetadata;
  state: SandboxState;
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface SandboxStatus extends Sandbox {
  /** Addresses of the sandbox, the first being the primary one; empty with the host's network. */
  ips: string[];
  hostNetwork: boolean;
  /** The process that holds the namespaces, where the runtime tells. */
  pid?: number;
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface Container {
  id: string;
  sandboxId: string;
  name: string;
  attempt: number;
  state: ContainerState;
  image: string;
  imageRef: string;
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface ContainerStatus {
  id: string;
  name: string;
  attempt: number;
  state: ContainerState;
  createdAt: number;
  /** 0 until it happens. */
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  image: string;
  imageRef: string;
  reason: string;
  message: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Absolute path of the log file on the host. */
  logPath: string;
}

export interface Image {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  size: number;
  /** The user of the image: a number where it names one, else a name (empty for neither: root). */
  uid?: number;
  username: string;
  pinned: boolean;
}

export interface ContainerStats {
  id: string;
  name: string;
  labels: Record<string, string>;
  timestamp: number;
  cpuNanoseconds: number;
  workingSetBytes: number;
  usageBytes: number;
  rssBytes: number;
  writableLayerBytes: number;
}

export interface ExecResult {
  stdout: Uint8Array;
  stderr: Uint8Array;
  exitCode: number;
}

export interface StreamSelection {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

export interface ListFilter {
  id?: string;
  sandboxId?: string;
  labels?: Record<string, string>;
}

/** Something happened to a container or sandbox (`id`). Delivery is best effort: state is always read afterwards. */
export interface RuntimeEvent {
  type: 'started' | 'exited' | 'oom' | 'deleted' | 'reconnected';
  /** Empty for `reconnected`, after which anything may have changed. */
  id: string;
}

/** Exec processes of one container that ended since the watch began. */
export interface ExecWatch {
  /** Nothing comes from the process any more: makes the runtime let go of it though it left input unread. */
  release(): void;
  stop(): void;
}

export interface CallOptions {
  signal?: AbortSignal;
}

/** Every method throws RuntimeError. Stop and remove methods succeed when the thing is gone already. */
export interface ContainerRuntime {
  /** Scheme of container ids in a pod's status, e.g. `containerd`. */
  readonly name: string;
  version(): Promise<{ name: string; version: string; apiVersion: string }>;
  /** RuntimeReady and NetworkReady. */
  conditions(): Promise<{ type: string; status: boolean; reason: string; message: string }[]>;

  runPodSandbox(config: SandboxConfig, options?: CallOptions): Promise<string>;
  stopPodSandbox(id: string): Promise<void>;
  removePodSandbox(id: string): Promise<void>;
  podSandboxStatus(id: string): Promise<SandboxStatus>;
  listPodSandboxes(filter?: ListFilter): Promise<Sandbox[]>;

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** SIGTERM (or the image's stop signal), then SIGKILL after `graceSeconds`; resolves when it is down. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  listContainers(filter?: ListFilter): Promise<Container[]>;
  containerStatus(id: string): Promise<ContainerStatus>;
  updateContainerResources(id: string, resources: LinuxResources): Promise<void>;
  /** The runtime writes to a new file after the old one was moved away. */
  reopenContainerLog(id: string): Promise<void>;

  /** Runs a command to its end; `DeadlineExceeded` when it takes longer than `timeoutSeconds` (0: no limit). */
  execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  /** URLs of the runtime's own streaming server (SPDY or WebSocket), good for one use. */
  execUrl(id: string, command: readonly string[], streams: StreamSelection): Promise<string>;
  /** Only for runtimes that can hang on to a process whose input nobody reads. */
  watchExecs?(id: string): ExecWatch;
  attachUrl(id: string, streams: StreamSelection): Promise<string>;
  portForwardUrl(sandboxId: string, ports: readonly number[]): Promise<string>;

  containerStats(filter?: ListFilter): Promise<ContainerStats[]>;

  listImages(): Promise<Image[]>;
  /** Undefined when no such image is on the node. */
  imageStatus(reference: string): Promise<Image | undefined>;
  /** Answers the reference to run. */
  pullImage(reference: string, auth?: RegistryAuth, options?: CallOptions): Promise<string>;
  removeImage(reference: string): Promise<void>;
  imageFilesystems(): Promise<{ mountpoint: string; usedBytes: number; inodesUsed: number }[]>;

  /** Calls `listener` on events until the returned function is called. */
  subscribe(listener: (event: RuntimeEvent) => void): () => void;
  close(): void;
}

export interface RegistryAuth {
  username?: string;
  password?: string;
  auth?: string;
  serverAddress?: string;
  identityToken?: string;
  registryToken?: string;
}
