/**
 * A Kind is the only thing generic code knows about an API type. Built-in kinds are values in `src/kinds`, custom
 * resources become the same value at run time. Whatever generic code must know is a property here.
 */
import type { KubeObject } from './meta.ts';
import type { ObjectSchema } from './schema.ts';
import type { FieldError } from './status.ts';
import type { JSONSchemaProps } from './structural/contract.ts';

/** What a client needs to address a kind; `T` is the type of its objects. */
export interface KindRef<T = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
  readonly namespaced: boolean;
  /** Type carrier only; never set. */
  readonly objectType?: T;
}

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

/** What a strategy hook may depend on besides the objects. */
export interface StrategyContext {
  /** Milliseconds since the epoch. */
  now: number;
  user: { name: string; uid?: string; groups: readonly string[]; extra?: Readonly<Record<string, readonly string[]>> };
  namespace: string;
  /** A random UUID per call. */
  uuid(): string;
  /** Adds a warning that is shown even when the object is refused. */
  warn?(text: string): void;
  dryRun: boolean;
  /** Feature of the cluster that strategies read (service range and so on). */
  config: ClusterSettings;
}

/** Settings of a cluster that validation, defaulting and controllers read. */
export interface ClusterSettings {
  serviceCIDR: string;
  nodePortRange: readonly [number, number];
  serviceAccountIssuer: string;
  clusterDomain: string;
}

/**
 * The behaviour of create, update and one subresource of a kind. Each hook is optional; hooks named `prepare*` and
 * `default` may change the object, `validate*` and `warnings*` must not. Upstream: registry/rest strategies.
 */
export interface Strategy<T extends KubeObject = KubeObject> {
  /** Clears what a client may not set on create (status and so on); runs after defaults. */
  prepareForCreate?(object: T, context: StrategyContext): void;
  validateCreate?(object: T, context: StrategyContext): FieldError[];
  warningsOnCreate?(object: T, context: StrategyContext): string[];
  /** Keeps or resets fields from `old`; raises nothing. Generation is kept by generic code. */
  prepareForUpdate?(object: T, old: T, context: StrategyContext): void;
  validateUpdate?(object: T, old: T, context: StrategyContext): FieldError[];
  warningsOnUpdate?(object: T, old: T, context: StrategyContext): string[];
  /** Normal form after validation. */
  canonicalize?(object: T): void;
  /** Further fields this endpoint does not write, as dotted names: nobody owns them through it. Upstream: GetResetFields. */
  readonly resetFields?: readonly string[];
}

export interface SubresourceDefinition {
  readonly name: string;
  /** The kind of its bodies, with the group and version of that kind. */
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
  /** For subresources that write the object itself (status, resize, ephemeralcontainers). */
  readonly strategy?: Strategy;
  /** For `scale`: where replicas and selector live. */
  readonly scale?: {
    specReplicas: string;
    statusReplicas: string;
    labelSelector?: string;
    /** For custom resources, whose replicas may be absent: where they are in each API version of the definition. */
    inVersions?: readonly [apiVersion: string, specReplicas: string][];
  };
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

export type NameRule = 'dns1123Subdomain' | 'dns1123Label' | 'dns1035Label' | 'pathSegment' | 'other';

/** A pass over metadata, as of a new or of a changed object; the plain ones let finalizers be without a prefix. */
export type MetadataCheck = 'new' | 'changed' | 'plainNew' | 'plainChanged';

/** Of the names that a server makes: their base is not looked at, or is the name as it is. */
export type GeneratedNames = 'unchecked' | 'asGiven';

/** The passes over metadata that validation of a kind makes, beside those of every update: a finding comes in each. */
export interface MetadataChecks {
  /** None: metadata of a new object is looked at when everything else is right. */
  readonly create: readonly MetadataCheck[];
  readonly update: readonly MetadataCheck[];
  readonly subresources: readonly MetadataCheck[];
}

export interface Kind<T extends KubeObject = KubeObject> extends KindRef<T> {
  readonly listKind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly Verb[];
  readonly subresources: readonly SubresourceDefinition[];
  readonly preferredVersion: boolean;

  /** Structure of the whole object; resolved on first use. */
  readonly schema: ObjectSchema;

  /** The group-resource under which objects are stored and watched: `pods`, `deployments.apps`. */
  readonly storedAs: string;
  /** False for reviews and the like, which are answered and never kept. */
  readonly stored: boolean;
  /** The apiVersion written to storage. Kinds that differ convert with these. */
  readonly storageVersion: string;
  /** Published in discovery; tells clients that two resources are the same objects. */
  readonly storageVersionHash?: string;
  fromStorage?(object: KubeObject): T;
  /** Annotations that stand for fields of upstream's internal type: views of the metadata alone do not show them. */
  readonly carriers?: readonly string[];
  /** Gives an object without anything, which bookmarks are, what upstream's internal type cannot leave out. */
  completeEmpty?(object: T): void;
  toStorage?(object: T): KubeObject;

  /** Absent for custom resources, which have plain ones. */
  readonly metadataChecks?: MetadataChecks;
  readonly nameRule: NameRule;
  readonly generatedNames?: GeneratedNames;
  readonly nameMaxLength?: number;
  /** Whether metadata.generation is kept: its value on create (0 = not kept), and what raises it. */
  readonly generation: { onCreate: number; onSpecChange: number; onMetadataChange: number };
  readonly allowCreateOnUpdate: boolean;
  readonly allowUnconditionalUpdate: boolean;
  /** The kind that serves the same objects in another version of the group, where they share a definition. */
  inVersion?(version: string): Kind | undefined;
  /** Said on every request: that the version is deprecated, say. */
  readonly warnings?: readonly string[];
  /** Of custom resources: changes whenever the definition does. */
  readonly revision?: string;
  /** Of custom resources: what OpenAPI publishes of the version. */
  readonly published?: { readonly props: JSONSchemaProps | undefined; readonly preserveUnknownFields: boolean };
  /** Its objects define other kinds. */
  readonly definesKinds?: boolean;
  /** Writes of it change which groups and versions there are. */
  readonly definesApis?: boolean;
  /** Of custom resources: what defines them. */
  readonly definition?: CustomDefinition;
  /** What a successful DELETE answers, and whether deletion is graceful. */
  readonly delete: {
    returns: 'object' | 'Status';
    graceful?: boolean;
    defaultGraceSeconds?: number;
    orphanByDefault?: boolean;
    /** Its objects own none, so that no policy holds their deletion. */
    ownsNothing?: boolean;
    /** Preconditions are checked by a handler of its own, in the words of storage. */
    ownHandler?: boolean;
    /** Changes an object that its first deletion marks and does not remove, whatever holds it. */
    mark?(object: KubeObject, now: number): void;
  };
  /** Said when an object is deleted without a word about what it owns. */
  readonly warningOnDelete?: string;
  /** Items of its lists carry apiVersion and kind, as those of custom resources do. */
  readonly itemsCarryType?: boolean;
  /** True when reads go through the server's configuration cache (RBAC, namespaces, classes …). */
  readonly cached: boolean;

  /** Fills defaults in place, on create and update and when read from storage of an older version. */
  defaults?(object: T): void;
  readonly strategy: Strategy<T>;
  readonly statusStrategy?: Strategy<T>;

  /** Values a field selector may ask for, beyond metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
  /** Values of selectable fields, under the names that storage knows them by. */
  fieldsOf?(object: T): Record<string, string>;
  /** The name in storage of a selectable field that has another one there: objects of kinds stored as one share theirs. */
  readonly storedFields?: Readonly<Record<string, string>>;
  /** Values that no other object of the shard may hold while this one is stored, such as `nodePort/30080`. */
  claimsOf?(object: T): string[];
  /** Those of the selectable fields that storage keeps an index for. */
  readonly indexedFields: readonly string[];

  readonly columns: readonly Column[];
  /** Cells of a Table row, one per column. */
  cells(object: T, now: number): unknown[];
  /** What a Table row says of its object besides the cells, such as that it is over. */
  rowConditions?(object: T): readonly object[];
}

/** What generic code knows of the definition of a custom resource. */
export interface CustomDefinition {
  /** `widgets.example.com` */
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  /** It is being deleted: nothing new may be created. */
  readonly terminating: boolean;
  /** Set where a webhook converts between versions; upstream's WebhookConversion. */
  readonly webhook?: object;
  /** The kind of the version that is stored. */
  stored(): Kind;
  /** Where a webhook converts: the kinds of the versions that can be selected by fields of their own. */
  selectable(): readonly Kind[];
  /** An object as storage has it, in any version: pruned, with the defaults of that version. Takes over `object`. */
  read(object: KubeObject): KubeObject;
}

/** All kinds a cluster serves. Custom resources come and go, so look-ups go through here each time. */
export interface KindRegistry {
  all(): readonly Kind[];
  /** By group, version and plural resource name. */
  byResource(group: string, version: string, resource: string): Kind | undefined;
  /** By group, version and kind name. */
  byKind(group: string, version: string, kind: string): Kind | undefined;
  /** The kind whose stored form a storage resource (`pods`, `deployments.apps`) has. */
  byStored(resource: string): Kind | undefined;
  /** `byResource`, also for kinds that have to be loaded: those of custom resources. */
  load(group: string, version: string, resource: string): Promise<Kind | undefined>;
  /** Brings custom resources in `all` up to date. What `all` gives of them has no schema. */
  refresh(): Promise<void>;
  /** The custom resources of a group-version that are served, with their schemas. */
  loadVersion(group: string, version: string): Promise<readonly Kind[]>;
  /** All custom resources that are served, with their schemas, some at a time. */
  loadAll(): AsyncIterable<readonly Kind[]>;
}
