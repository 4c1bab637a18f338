import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Client } from '../../client/client.ts';
import type { ClusterSettings, Kind, KindRef } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type { Change } from './change.ts';
import type { EventSpec } from './events.ts';

/** A rule of the RBAC role that a controller needs; the contract suite refuses requests beyond it. */
export interface PermissionRule {
  groups: readonly string[];
  resources: readonly string[];
  verbs: readonly string[];
}

/** What turning a change into keys may read. */
export interface KeyContext {
  client: Client;
  /** The objects of a namespace (or of the cluster), read once per batch of changes. */
  list<T extends KubeObject>(kind: KindRef<T>, namespace?: string): Promise<readonly T[]>;
}

export interface Watch {
  /** `all`: every resource of the cluster. Such a watch takes no part in resyncs. */
  kind: Kind | 'all';
  /** The keys whose desired state may depend on the changed object. A key is any non-empty text. */
  keys(change: Change, context: KeyContext): Iterable<string> | Promise<Iterable<string>>;
}

/** An object that names some UID among its owners, as the owner index knows it. */
export interface Dependent {
  kind: KindRef;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
  deleting: boolean;
  finalizers: readonly string[];
  owners: readonly { uid: string }[];
}

/** A kind as far as controllers that work on all kinds need it. */
export interface ServedKind extends KindRef {
  /** `pods`, `deployments.apps` */
  readonly storedAs: string;
  readonly verbs: readonly string[];
}

/** What controllers know about the cluster beyond its API. */
export interface ControllerSettings extends ClusterSettings {
  /** PEM of the cluster's certificate authority. */
  caCertificate: string;
  /** Pod addresses are handed to nodes from here, a /24 each. */
  podCIDR: string;
  /** Address or host name of the edge ingress; left out where every bound host name leads to it. */
  edgeAddress?: string;
}

/** What the host supplies to all controllers. */
export interface ControllerServices {
  settings: ControllerSettings;
  /** Objects of any kind that name `uid` among their owners. */
  dependentsOf(uid: string): Promise<Dependent[]>;
  /** Milliseconds since the epoch of the last sign of life of the nodes that have a tunnel. */
  lastSeen(nodes: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * The stored kinds that the cluster serves, custom resources included, one version each. The answer may be a little
   * old unless `fresh` is asked for.
   */
  kinds(fresh?: boolean): Promise<readonly ServedKind[]>;
  /** Left out where nothing signs certificates. */
  certificates?: CertificateAuthority;
}

/** What a certificate request (PEM) asks for. */
export interface RequestedCertificate {
  commonName: string;
  organizations: readonly string[];
  dnsNames: readonly string[];
  ips: readonly string[];
  emails: readonly string[];
  uris: readonly string[];
}

/** The cluster's certificate authority, as far as controllers use it. */
export interface CertificateAuthority {
  /** Throws when the request cannot be read. */
  read(pem: string): Promise<RequestedCertificate>;
  /** The certificate as PEM; `lifetime`: milliseconds. */
  sign(pem: string, options: { usages: readonly string[]; lifetime: number }): Promise<string>;
}

export interface ReconcileContext extends ControllerServices {
  client: Client;
  clock: Clock;
  random: Random;
  log: ControllerLog;
  /** Records an event about an object; repeated ones are counted up. Written after the reconcile. */
  event(spec: EventSpec): void;
  /** Asks for another key of the same controller; survives a crash. */
  enqueue(key: string): void;
}

export interface ControllerLog {
  info(message: string, fields?: Record<string, string | number | boolean | undefined>): void;
  warn(message: string, fields?: Record<string, string | number | boolean | undefined>): void;
  error(message: string, fields?: Record<string, string | number | boolean | undefined>): void;
}

export interface ReconcileResult {
  /** Milliseconds until the key is looked at again even if nothing changes. */
  requeueAfter?: number;
}

export interface Controller {
  readonly name: string;
  /** The service account in kube-system that it acts as. */
  readonly serviceAccount: string;
  readonly watches: readonly Watch[];
  readonly permissions: readonly PermissionRule[];
  /** Keys reconciled at the same time. */
  readonly concurrency: number;
  /** Raised when existing objects must be looked at again; a cluster resyncs when it meets a new value. */
  readonly version: number;
  reconcile(key: string, context: ReconcileContext): Promise<ReconcileResult | undefined>;
}

export interface ControllerDefinition {
  name: string;
  serviceAccount?: string;
  watches: readonly Watch[];
  permissions: readonly PermissionRule[];
  concurrency?: number;
  version?: number;
  reconcile(key: string, context: ReconcileContext): Promise<ReconcileResult | undefined>;
}

/**
 * A controller as a value. `reconcile` brings the state that `key` names closer to what is desired, by reading what
 * is there now and never by what changed: it is called at least once after every change, possibly late, twice, or
 * for several changes at once, and never twice at a time for one key. A thrown error is retried with growing pauses,
 * a TerminalError is not. Upstream: controller-runtime's reconcile.Reconciler.
 *
 * @example
 * const greeter = defineController({
 *   name: 'greeter-controller',
 *   watches: [{ kind: configMaps, keys: keyOfObject }],
 *   permissions: [{ groups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }],
 *   async reconcile(key, { client, log }) {
 *     const map = await client.find(configMaps, parseKey(key));
 *     if (map) log.info('seen', { key });
 *     return undefined;
 *   },
 * });
 */
export function defineController(definition: ControllerDefinition): Controller {
  return {
    ...definition,
    serviceAccount: definition.serviceAccount ?? definition.name,
    concurrency: definition.concurrency ?? 4,
    version: definition.version ?? 1,
  };
}

/** A failure that trying again cannot mend: it is logged and the key is dropped until something changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
