/** What the parts of the server agree on among themselves, and what they need from the host above (`worker/`). */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { ClusterSettings, Kind, KindRegistry } from '../machinery/kind.ts';
import type { KubeObject } from '../machinery/meta.ts';
import type { ObjectKey, Store, WriteOp } from '../storage/contract.ts';
import type { WebhookMetrics } from './admission/webhooks/metrics.ts';
import type { Metrics } from './metrics.ts';
import type { Outbound } from './outbound/contract.ts';

export type { KindRegistry };

export interface UserInfo {
  name: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

/** How the server reaches the kubelet API that a node agent serves through its tunnel. */
export interface NodeConnector {
  /**
   * Sends one request to the agent of `node`, for example `GET /containerLogs/NAMESPACE/POD/CONTAINER?follow=true`.
   * An upgrade request answers 101 with a WebSocket. Throws when the node has no live tunnel.
   */
  fetch(node: string, request: Request): Promise<Response>;
  /** Milliseconds since the epoch of the last sign of life of each node that has a tunnel. */
  lastSeen(nodes: readonly string[]): Promise<Map<string, number>>;
}

/** Keys of the cluster; they never leave the control plane's storage. */
export interface ClusterKeys {
  /** PEM of the cluster's certificate authority. */
  caCertificate: string;
  /** PKCS#8 PEM. */
  caKey: string;
  /**
   * The authority by which extension API servers know this server, as PEM; another than the cluster's own, whose
   * certificates users can ask for.
   */
  frontProxy?: { certificate: string; key: string };
  /** Service-account signing keys, newest first, as private JWKs with `kid` and `alg`. */
  serviceAccountKeys: JsonWebKey[];
}

export type LogFields = Record<string, string | number | boolean | undefined>;

/** Structured log: one line of JSON per call. Secrets and tokens are never passed. */
export interface Logger {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** What the configuration cache holds: objects of kinds, and records of the server's own. */
type Named = Pick<KubeObject, 'metadata'>;

/**
 * Parsed objects of the kinds marked `cached`, as of one moment. Kept in the isolate, refreshed by `Shard.changes`
 * when an answer of the shard says that they changed, and at least every second.
 */
export interface ConfigSnapshot {
  get<T extends Named = KubeObject>(resource: string, namespace: string, name: string): T | undefined;
  /** Undefined namespace: all. */
  list<T extends Named = KubeObject>(resource: string, namespace?: string): readonly T[];
  /** A value computed once from these resources and kept until one of them changes (an RBAC index, say). */
  derive<V>(name: string, resources: readonly string[], compute: (snapshot: ConfigSnapshot) => V): V;
}

export interface ConfigCache {
  /** A snapshot no older than one second and no older than any answer this server has had from storage. */
  fresh(): Promise<ConfigSnapshot>;
  /**
   * The snapshot as it is, without asking storage; undefined before the first load, when answers of storage have said for
   * a second that it is behind, and after half a minute. For what may be a little late: audit policy, flow control.
   */
  known?(): ConfigSnapshot | undefined;
  /** Tells the cache the `tracked` revision of an answer about `resource` (left out: the shard of the first cached kind). */
  observe(tracked: number, resource?: string): void;
  /** Asks storage about the shard of `resource` now, however young the view is. */
  reload(resource: string): Promise<void>;
}

/** One request after parsing, as authorization, admission and audit see it. Upstream: authorizer.Attributes. */
export interface Attributes {
  user: UserInfo;
  /** get list watch create update patch delete deletecollection, or the lower-case HTTP method for non-resources. */
  verb: string;
  isResource: boolean;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  path: string;
  fieldSelector?: string;
  labelSelector?: string;
}

export interface Decision {
  decision: 'allow' | 'deny' | 'noOpinion';
  reason: string;
  evaluationError?: string;
  /** Why an authorizer could not be asked; a request that nobody else allows is answered with it. */
  fault?: string;
}

export interface Authorizer {
  authorize(attributes: Attributes): Promise<Decision>;
}

/** Upstream: authenticator.Request. */
export interface Authenticator {
  /**
   * The user that the credentials of `request` prove; null when it carries none (then the user is anonymous).
   * Throws a 401 StatusError when credentials are there and wrong.
   */
  authenticate(request: Request): Promise<UserInfo | null>;
}

/** The lowest audit level at which an annotation is kept; Metadata unless given. */
export type AnnotationLevel = 'Metadata' | 'Request' | 'RequestResponse';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What an admission plugin sees. `object` may be changed in `admit` only. Upstream: admission.Attributes. */
export interface AdmissionRequest<T extends KubeObject = KubeObject> {
  operation: Operation;
  kind: Kind;
  subresource: string;
  namespace: string;
  name: string;
  /** The name in the path, which a request to a collection has none of. */
  pathName?: string;
  object?: T;
  oldObject?: T;
  /** What the request was authorized as. */
  verb?: string;
  /** CreateOptions, UpdateOptions, DeleteOptions or the connect options. */
  options: KubeObject | undefined;
  dryRun: boolean;
  user: UserInfo;
  /** Adds a Warning header to the response. */
  warn(message: string): void;
  /**
   * Adds an annotation to the audit event of the request; absent where nothing is audited. The first value of a key
   * stays. `level` leaves it out of events below that level. Upstream: admission.Attributes.AddAnnotationWithLevel.
   */
  annotate?(key: string, value: string, level?: AnnotationLevel): void;
  /** Adds writes to the transaction that writes the object; absent where nothing is written (dry run, CONNECT). */
  attach?(write: AttachedWrite): void;
  /** Converts custom resources whose definition names a webhook for it; absent where none is needed. */
  readonly conversions?: {
    now(object: KubeObject, apiVersion: string): KubeObject;
    run<T>(compute: () => T | Promise<T>): Promise<T>;
  };
}

/** The operation of a transaction that storage refused, where it is not the one on the object itself. */
export interface RefusedOperation {
  why: 'AlreadyExists' | 'NotFound' | 'RevisionMismatch' | 'UidMismatch' | 'ClaimTaken';
  /** The claim, for ClaimTaken. */
  claim?: string;
  /** The key of the refused operation, for the others. */
  key?: ObjectKey;
}

/**
 * Writes that take effect in the same transaction as the object they belong to (an allocated address, a quota).
 * The server appends `ops` after its own operation and gives `claims` to the encoded object, anew on each try.
 */
export interface AttachedWrite {
  readonly ops: readonly WriteOp[];
  readonly claims: readonly string[];
  /**
   * Called when an operation or claim of this write was refused: changes the object, `ops` and `claims` so that the
   * server can encode and try again, or throws the StatusError to answer with.
   */
  retry(refused: RefusedOperation): Promise<void>;
}

export interface HookedWrite {
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  /** The object to be written, after admission and validation; the hook may change it. For DELETE: the stored one. */
  object: KubeObject;
  old?: KubeObject;
  dryRun: boolean;
}

/** Behaviour that one storage resource adds to its writes, such as address allocation for Services. */
export interface WriteHook {
  /** Storage resource, as `services`. */
  readonly resource: string;
  /** Also runs for subresources, and as an update for deletions that only mark the object. */
  readonly everyWrite?: boolean;
  /** Runs just before the object is encoded. Throws a StatusError to refuse. Upstream: BeginCreate, BeginUpdate. */
  begin(write: HookedWrite): Promise<AttachedWrite | undefined>;
}

/** What reads of one storage resource show beyond the stored objects. Watches show what is stored. */
export interface ReadHook {
  /** Whether objects of a namespace are concerned; empty stands for all namespaces. */
  covers(namespace: string): boolean;
  /** Changes objects that are about to be answered. */
  overlay(objects: KubeObject[]): Promise<void>;
}

/** One file each in admission/plugins; the ordered list is in admission/plugins/index.ts. */
export interface AdmissionPlugin {
  readonly name: string;
  /** Cheap test that spares the call. */
  handles(request: AdmissionRequest): boolean;
  /** Mutating phase. Throws a StatusError to refuse. */
  admit?(request: AdmissionRequest, context: AdmissionContext): Promise<void> | void;
  /** Validating phase, after all mutation and validation of the object. */
  validate?(request: AdmissionRequest, context: AdmissionContext): Promise<void> | void;
}

export interface AdmissionContext {
  config: ConfigSnapshot;
  /** Tells the cache the `tracked` revision of an answer that a plugin had from `store`. */
  observe?(tracked: number, resource: string): void;
  store: Store;
  /** The store with all objects of a kind in its version; absent: no webhook converts any. */
  storeOf?(kind: Kind): Store;
  kinds: KindRegistry;
  authorizer: Authorizer;
  settings: ClusterSettings;
  clock: Clock;
  random: Random;
  /** Absent where the host calls nobody. */
  outbound?: Outbound;
  webhookMetrics?: WebhookMetrics;
  /** In the mutating phase: the second run of the plugins. */
  reinvocation?: Reinvocation;
}

/**
 * The mutating phase runs its plugins a second time when one asks for it after it changed the object.
 * Upstream: admission.ReinvocationContext.
 */
export interface Reinvocation {
  /** True in the second run. */
  isReinvoke: boolean;
  /** Set by a plugin whose change others may have to see. */
  shouldReinvoke: boolean;
  /** What a plugin keeps between the runs, by its name. */
  readonly values: Map<string, unknown>;
}

/** The server's side of a WebSocket. */
export interface ServerSocket {
  send(message: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
  /** Called once when the other side has gone. */
  onClose: () => void;
}

/** Where a cluster keeps its audit events. */
export interface AuditLog {
  /**
   * Takes events over, one JSON text each, in order; resolves to the number of older events that were dropped before they
   * were passed on. Rejects when these were not kept.
   */
  append(events: readonly string[]): Promise<number>;
}

/** Everything the server needs from its host. */
export interface ServerOptions {
  /** Name of the cluster, for logs and metrics. */
  cluster: string;
  settings: ClusterSettings;
  /** `v1.36.0+kedge-…` */
  gitVersion: string;
  store: Store;
  nodes: NodeConnector;
  /** How webhooks, extension API servers and the like are called; without it every such call fails. */
  outbound?: Outbound;
  /**
   * Accepts the WebSocket that a request asks for, under a subprotocol of the client's; `response` is the answer to it.
   * Where a host has none, watches are answered as streams only.
   */
  acceptWebSocket?: (protocol: string | undefined) => { response: Response; socket: ServerSocket };
  /** Keeps work alive that goes on after the answer was sent; where absent, nothing ends it. */
  waitUntil?: (work: Promise<unknown>) => void;
  /** Counters that several servers of one isolate share; where absent, the server has its own. */
  metrics?: Metrics;
  /** Where audit events go; where absent, nothing is audited. */
  auditLog?: AuditLog;
  /** Address of the client of a request, '' when unknown. */
  clientAddress?: (request: Request) => string;
  /** Objects that the host wants in the cluster besides upstream's bootstrap objects. */
  bootstrapExtras?: readonly KubeObject[];
  keys: () => Promise<ClusterKeys>;
  /** SHA-256 (hex) of the administrator's bearer token; compared in constant time. */
  adminTokenHash?: string;
  clock: Clock;
  random: Random;
  log: Logger;
}

/** The API server of one cluster. Web-standard: the same value serves the Worker, the controllers and plain-Node tests. */
export interface Server {
  /**
   * Answers one request. `caller` is set by in-process callers (controllers, scheduler) and replaces authentication;
   * everything after it is the same chain. The URL's path is relative to the cluster (no `/clusters/NAME`).
   */
  fetch(request: Request, caller?: UserInfo): Promise<Response>;
  /** Creates and repairs the bootstrap objects; idempotent. */
  bootstrap(): Promise<void>;
  /** Tells the `tracked` revision of an answer of the main shard that did not pass this server: it caches nothing older. */
  observe(tracked: number): void;
  /** The user that the credentials of a request prove, for routes beside the API; anonymous is null. Throws a 401 StatusError. */
  authenticate(request: Request): Promise<UserInfo | null>;
}
