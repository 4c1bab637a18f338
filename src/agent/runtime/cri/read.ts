/** CRI answers as the contract's shapes. */
import type * as c from '../contract.ts';

/** CRI times are nanoseconds. */
const millis = (nanos: number): number => Math.floor(nanos / 1e6);

export interface VersionMessage {
  runtimeName: string;
  runtimeVersion: string;
  runtimeApiVersion: string;
}

export interface StatusMessage {
  status: { conditions: { type: string; status: boolean; reason: string; message: string }[] } | null;
}

export interface SandboxMessage {
  id: string;
  metadata: c.SandboxMetadata;
  state: c.SandboxState;
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface SandboxStatusMessage {
  status: SandboxMessage & {
    network: { ip: string; additionalIps: { ip: string }[] } | null;
    linux: { namespaces: { options: { network: c.NamespaceMode } | null } | null } | null;
  };
  info: Record<string, string>;
}

export interface ContainerMessage {
  id: string;
  sandboxId: string;
  metadata: { name: string; attempt: number };
  image: { image: string } | null;
  imageRef: string;
  state: c.ContainerState;
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface ContainerStatusMessage extends Omit<ContainerMessage, 'sandboxId'> {
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  reason: string;
  message: string;
  logPath: string;
}

type Value = { value: number } | null;

export interface FilesystemMessage {
  fsId: { mountpoint: string } | null;
  usedBytes: Value;
  inodesUsed: Value;
}

export interface StatsMessage {
  attributes: { id: string; metadata: { name: string } | null; labels: Record<string, string> };
  cpu: { timestamp: number; usageCoreNanoSeconds: Value } | null;
  memory: { workingSetBytes: Value; usageBytes: Value; rssBytes: Value } | null;
  writableLayer: FilesystemMessage | null;
}

export interface ImageMessage {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  size: number;
  uid: Value;
  username: string;
  pinned: boolean;
}

export function sandbox(m: SandboxMessage): c.Sandbox {
  const { id, metadata, state, labels, annotations } = m;
  return { id, metadata, state, createdAt: millis(m.createdAt), labels, annotations };
}

export function sandboxStatus(answer: SandboxStatusMessage): c.SandboxStatus {
  const { network, linux } = answer.status;
  const ips = network?.ip ? [network.ip, ...network.additionalIps.map((a) => a.ip)] : [];
  const hostNetwork = linux?.namespaces?.options?.network === 'NODE';
  const status: c.SandboxStatus = { ...sandbox(answer.status), ips, hostNetwork };
  const pid = sandboxPid(answer.info);
  if (pid !== undefined) status.pid = pid;
  return status;
}

/** Verbose answers carry a JSON text with the pid of the sandbox's own process. */
function sandboxPid(info: Record<string, string>): number | undefined {
  const match = /"pid":(\d+)/.exec(info.info ?? '');
  return match ? Number(match[1]) : undefined;
}

export function container(m: ContainerMessage): c.Container {
  const { id, sandboxId, state, imageRef, labels, annotations } = m;
  const { name, attempt } = m.metadata;
  const image = m.image?.image ?? '';
  return { id, sandboxId, name, attempt, state, image, imageRef, createdAt: millis(m.createdAt), labels, annotations };
}

export function containerStatus(m: ContainerStatusMessage): c.ContainerStatus {
  const { id, state, imageRef, exitCode, reason, message, labels, annotations, logPath } = m;
  return {
    id,
    ...m.metadata,
    state,
    createdAt: millis(m.createdAt),
    startedAt: millis(m.startedAt),
    finishedAt: millis(m.finishedAt),
    exitCode,
    image: m.image?.image ?? '',
    imageRef,
    reason,
    message,
    labels,
    annotations,
    logPath,
  };
}

export function containerStats(m: StatsMessage): c.ContainerStats {
  return {
    id: m.attributes.id,
    name: m.attributes.metadata?.name ?? '',
    labels: m.attributes.labels,
    timestamp: millis(m.cpu?.timestamp ?? 0),
    cpuNanoseconds: m.cpu?.usageCoreNanoSeconds?.value ?? 0,
    workingSetBytes: m.memory?.workingSetBytes?.value ?? 0,
    usageBytes: m.memory?.usageBytes?.value ?? 0,
    rssBytes: m.memory?.rssBytes?.value ?? 0,
    writableLayerBytes: m.writableLayer?.usedBytes?.value ?? 0,
  };
}

export function image(m: ImageMessage): c.Image {
  const { id, repoTags, repoDigests, size, username, pinned } = m;
  return { id, repoTags, repoDigests, size, username, pinned, ...(m.uid ? { uid: m.uid.value } : {}) };
}

export function filesystem(m: FilesystemMessage) {
  return {
    mountpoint: m.fsId?.mountpoint ?? '',
    usedBytes: m.usedBytes?.value ?? 0,
    inodesUsed: m.inodesUsed?.value ?? 0,
  };
}
