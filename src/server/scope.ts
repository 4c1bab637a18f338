/** What one request carries through the chain, and the parts of the server that handlers may use. */
import type { Kind } from '../machinery/kind.ts';
import type { KubeObject } from '../machinery/meta.ts';
import type { FieldError } from '../machinery/status.ts';
import type { ObjectKey } from '../storage/contract.ts';
import type { Admission } from './admission/index.ts';
import type { Aggregation } from './aggregation/contract.ts';
import type { Auditing, AuditTrail } from './audit/contract.ts';
import type { Impersonator } from './authz/index.ts';
import type {
  Authenticator,
  Authorizer,
  ConfigCache,
  KindRegistry,
  ReadHook,
  ServerOptions,
  UserInfo,
  WriteHook,
} from './contract.ts';
import type { CustomConverter, DefinitionKeeper, FieldConversions } from './custom/contract.ts';
import type { FieldOwners } from './field-owners.ts';
import type { FlowControl, FlowMark } from './flow/contract.ts';
import type { Metrics } from './metrics.ts';
import type { RequestInfo } from './request-info.ts';
import type { Review } from './reviews/index.ts';

/** One request on its way through the filters. */
export interface RequestScope {
  readonly request: Request;
  readonly url: URL;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  /** Set by the authentication filter, replaced by impersonation. */
  user: UserInfo;
  /** The authenticated user when `user` is impersonated. */
  impersonator?: UserInfo;
  /** Set by answers that go on after their head was sent (watches): settles when they end. */
  streaming?: Promise<void>;
  /** Texts of Warning headers, in order. */
  readonly warnings: string[];
  /** The same text is sent once. */
  warn(text: string): void;
  /** What the audit event of this request will say; set by the audit filter where the request is audited. */
  audit?: AuditTrail;
  /** Set by flow control; answers tell it. */
  flow?: FlowMark;
}

/** Mints a service-account token: the body of serviceaccounts/token. */
export type TokenMinter = (account: KubeObject, request: KubeObject) => Promise<KubeObject>;

/** The rules that hold for every object: the schema's and those of metadata. */
export interface ObjectValidator {
  create(kind: Kind, object: KubeObject): FieldError[];
  createLast(kind: Kind, object: KubeObject): FieldError[];
  update(kind: Kind, object: KubeObject, change: { old: KubeObject; subresource: string }): FieldError[];
}

/** The server's parts, built once per server. */
export interface ServerParts {
  readonly options: ServerOptions;
  readonly kinds: KindRegistry;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly config: ConfigCache;
  readonly admission: Admission;
  readonly aggregation: Aggregation;
  readonly metrics: Metrics;
  readonly impersonator: Impersonator;
  /** By storage resource. */
  readonly hooks: ReadonlyMap<string, WriteHook>;
  /** By storage resource. */
  readonly readHooks: ReadonlyMap<string, ReadHook>;
  readonly validator: ObjectValidator;
  readonly fieldOwners: FieldOwners;
  readonly mintToken: TokenMinter;
  readonly openId: { configuration(): Promise<object>; keys(): Promise<object> };
  readonly reviews: ReadonlyMap<string, Review>;
  readonly definitions: DefinitionKeeper;
  /** Left out where nothing converts custom resources by webhooks. */
  readonly converter?: CustomConverter;
  readonly auditing: Auditing;
  readonly flow: FlowControl;
}

/** A request that was matched to a kind. */
export interface ResourceCall {
  readonly parts: ServerParts;
  readonly scope: RequestScope;
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  /** Set where a webhook converts between the versions of the kind. */
  readonly conversions?: FieldConversions;
}

/** Runs what compares managers of several versions, which a webhook may have to convert between. */
export const withConversions = <T>({ conversions }: ResourceCall, compute: () => T): T | Promise<T> =>
  conversions ? conversions.run(compute) : compute();

/** The hook that has a say in what `call` reads. */
export function readHookOf({ parts, kind, namespace }: ResourceCall): ReadHook | undefined {
  const hook = parts.readHooks.get(kind.storedAs);
  return hook?.covers(namespace) ? hook : undefined;
}

export function keyOf(call: ResourceCall, name = call.name): ObjectKey {
  return { resource: call.kind.storedAs, namespace: call.kind.namespaced ? call.namespace : '', name };
}

/** The resource as messages name it. */
export function subjectOf(kind: Kind): { group: string; kind: string } {
  return { group: kind.group, kind: kind.resource };
}
