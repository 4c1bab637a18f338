/** What the pod machinery is given by the node it runs on. */
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { ConfigMap, Pod, PodStatus, Secret, Service } from '../../kinds/index.ts';
import type { Log } from '../log.ts';
import type { ContainerRuntime } from '../runtime/contract.ts';
import type { Backoff } from './backoff.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { ImagePuller } from './image-puller.ts';
import type { SavedPods } from './saved-pods.ts';

/** ConfigMaps and Secrets that pods on this node use, kept up to date while somebody uses them. */
export interface ObjectSource {
  /** Undefined when there is none. Throws StatusError when the API cannot say. */
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>;
  secret(namespace: string, name: string): Promise<Secret | undefined>;
  /** Calls `onChange` when one of the objects changes, until the returned function is called. */
  follow(references: readonly ObjectReference[], onChange: () => void): () => void;
}

export interface ObjectReference {
  kind: 'ConfigMap' | 'Secret';
  namespace: string;
  name: string;
}

export interface ServiceAccountToken {
  token: string;
  /** Milliseconds since the epoch. */
  issuedAt: number;
  expiresAt: number;
}

export interface TokenSource {
  request(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<ServiceAccountToken>;
}

export interface ServiceSource {
  /** Services of a namespace; undefined before the first complete list. */
  inNamespace(namespace: string): readonly Service[] | undefined;
}

/** Hands a status to the API in the background; only what differs travels. */
export interface StatusSink {
  write(pod: Pod, status: PodStatus): void;
  /** Writes what is still to be written, then ends the pod's deletion with grace 0. */
  finish(pod: Pod, status: PodStatus): Promise<void>;
  /** Tries again at once what waits after a failure: the API is back. */
  hurry(): void;
  forget(uid: string): void;
}

export interface NodeFacts {
  name: string;
  hostIPs: readonly string[];
  memoryCapacity: number;
  allocatable: Record<string, string>;
  /** Servers and search domains for pods with `dnsPolicy: ClusterFirst`; no servers: the host's. */
  clusterDNS: readonly string[];
  clusterDomain: string;
  /** The host's resolv.conf. */
  resolvConf: string;
  /** Whether containers may have a lower OOM score than the agent. */
  podsDir: string;
  logsDir: string;
}

export interface PodContext {
  runtime: ContainerRuntime;
  clock: Clock;
  random: Random;
  log: Log;
  /** Read anew each time: addresses and DNS may come late. */
  node: () => NodeFacts;
  events: EventRecorder;
  status: StatusSink;
  images: ImagePuller;
  objects: ObjectSource;
  tokens: TokenSource;
  services: ServiceSource;
  /** Undefined where nothing of a pod is on disk. */
  saved: SavedPods | undefined;
  restartBackoff: Backoff;
  /** False for simulated nodes: no volumes, no environment, no files, no probes. */
  real: boolean;
}
