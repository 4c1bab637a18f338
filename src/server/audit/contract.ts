/** What the parts of the server see of audit. */
import type { KubeObject } from '../../machinery/meta.ts';
import type { Status } from '../../machinery/status.ts';
import type { AnnotationLevel, ConfigSnapshot, Decision, UserInfo } from '../contract.ts';
import type { RequestInfo } from '../request-info.ts';

/** Collects facts of one request for its audit events. */
export interface AuditTrail {
  /** Keeps the first value of a key. Upstream: audit.AddAuditAnnotation. */
  annotate(key: string, value: string, level?: AnnotationLevel): void;
  /** The decoded body of the request, before admission. */
  requestObject(object: KubeObject): void;
  /** A patch as it was sent, as JSON. */
  requestPatch(json: string): void;
  /** What the answer holds, where it was not sent as stored text. */
  responseObject(value: object): void;
}

/** The audit of one request, as the chain drives it. */
export interface AuditRecord extends AuditTrail {
  /** The first event; none for requests without valid credentials. */
  received(): void;
  /** The request acts as somebody else, by the verb of a constrained mode where there was one. */
  impersonated(user: UserInfo, constraint: string | undefined): void;
  decided(decision: Decision): void;
  /** The Status that is going to be the answer. */
  failed(status: Status): void;
  /**
   * The answer is ready to be sent; its body is read beside its way to the client. The result is what to send: an answer
   * that goes on is watched for its end.
   */
  answered(response: Response, longRunning: boolean): Response;
  /** Credentials were wrong: one event says that, and nothing follows. */
  unauthenticated(status: Status): void;
  /** A fault of the server, not of the request. */
  panicked(message: string): void;
}

/** What audit needs of a request. */
export interface AuditedRequest {
  readonly request: Request;
  readonly url: URL;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly user: UserInfo;
  /** Settles when an answer ends that goes on after its head was sent. */
  readonly streaming?: Promise<void>;
}

export interface Auditing {
  /** The record of a request whose user is known; undefined when the policy, or its absence, leaves it out. */
  begin(request: AuditedRequest, config: ConfigSnapshot): AuditRecord | undefined;
  /** A request with wrong credentials was answered with `status`. */
  unauthenticated(request: AuditedRequest, config: ConfigSnapshot, status: Status): void;
  /** Prometheus text. */
  render(): string;
}
