/** The audit of one request, from its arrival to the end of its answer. Upstream: endpoints/filters/audit.go. */
import type { KubeObject } from '../../machinery/meta.ts';
import type { Status } from '../../machinery/status.ts';
import { apiMicroTime } from '../../machinery/time.ts';
import type { AnnotationLevel, Attributes, Decision, UserInfo } from '../contract.ts';
import { type AuditBody, readAnswer } from './answer-body.ts';
import type { AuditedRequest, AuditRecord } from './contract.ts';
import {
  type AuditEvent,
  eventUser,
  type ObjectReference,
  objectReference,
  requestUri,
  responseStatus,
  sourceIps,
  userAgentOf,
  withoutEmpty,
  withoutManagedFields,
} from './event.ts';
import { type AuditDecision, type AuditStage, reaches } from './policy.ts';
import type { AuditSink } from './sink.ts';

/** A larger event goes without its objects, as upstream's truncating backend has it. */
const MAX_EVENT_CHARACTERS = 1_000_000;
const TRUNCATED = 'audit.k8s.io/truncated';

export interface RecordOptions {
  scope: AuditedRequest;
  attributes: Attributes;
  decision: AuditDecision;
  sink: AuditSink;
  now(): number;
  /** Address of the client. */
  peer: string;
  waitUntil(work: Promise<unknown>): void;
}

/** Starts the audit of a request whose level is not None. */
export function createAuditRecord(options: RecordOptions): AuditRecord {
  return new RequestRecord(options);
}

class RequestRecord implements AuditRecord {
  readonly #options: RecordOptions;
  readonly #head: Omit<AuditEvent, 'stage' | 'stageTimestamp' | 'requestReceivedTimestamp'>;
  readonly #annotations = new Map<string, string>();
  #objectRef: ObjectReference | undefined;
  #requestObject: string | undefined;
  #responseObject: string | undefined;
  #status: Status | undefined;

  constructor(options: RecordOptions) {
    this.#options = options;
    const { scope, attributes, decision, peer } = options;
    const ips = sourceIps(scope.request.headers, peer);
    const userAgent = userAgentOf(scope.request.headers);
    this.#objectRef = objectReference(attributes);
    this.#head = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: decision.level,
      auditID: scope.id,
      requestURI: requestUri(scope.url),
      verb: attributes.verb,
      user: eventUser(attributes.user),
      ...(ips.length > 0 ? { sourceIPs: ips } : {}),
      ...(userAgent === undefined ? {} : { userAgent }),
    };
  }

  received(): void {
    this.#emit('RequestReceived', {});
  }

  readonly annotate = (key: string, value: string, level: AnnotationLevel = 'Metadata'): void => {
    if (!this.#annotations.has(key) && reaches(this.#options.decision.level, level)) this.#annotations.set(key, value);
  };

  requestObject(object: KubeObject): void {
    const { metadata } = object;
    const reference = this.#objectRef ?? {};
    this.#objectRef = withoutEmpty({
      ...reference,
      namespace: reference.namespace || metadata?.namespace,
      name: reference.name || metadata?.name,
      uid: metadata?.uid,
      resourceVersion: metadata?.resourceVersion,
    });
    if (!this.#keeps('Request')) return;
    const kept = this.#options.decision.omitManagedFields ? withoutManagedFields(object) : object;
    this.#requestObject = JSON.stringify(kept);
  }

  requestPatch(json: string): void {
    if (this.#keeps('Request')) this.#requestObject = json;
  }

  responseObject(value: object): void {
    const status = value as Status & { kind?: string; apiVersion?: string };
    if (status.kind === 'Status' && status.apiVersion === 'v1') this.#status = status;
    if (this.#keeps('RequestResponse')) this.#responseObject = this.#filtered(JSON.stringify(value));
  }

  impersonated(user: UserInfo, constraint: string | undefined): void {
    this.#head.impersonatedUser = eventUser(user);
    if (constraint !== undefined) this.#head.authenticationMetadata = { impersonationConstraint: constraint };
  }

  decided({ decision, reason, fault }: Decision): void {
    if (decision !== 'allow' && fault !== undefined) {
      this.annotate('authorization.k8s.io/reason', 'internal error');
      return;
    }
    this.annotate('authorization.k8s.io/decision', decision === 'allow' ? 'allow' : 'forbid');
    this.annotate('authorization.k8s.io/reason', reason);
  }

  failed(status: Status): void {
    this.#status = status;
    if (this.#keeps('RequestResponse')) this.#responseObject = JSON.stringify(status);
  }

  answered(response: Response, longRunning: boolean): Response {
    if (longRunning) return this.#started(response);
    const { waitUntil, scope } = this.#options;
    const code = response.status;
    // What is no resource has no object to show.
    const shows = scope.info.isResource && this.#keeps('RequestResponse');
    if (this.#responseObject !== undefined || !shows || response.body === null) {
      this.#emit('ResponseComplete', { code });
      return response;
    }
    const done = (body: AuditBody): void => {
      if (body.json !== undefined) this.#responseObject = this.#filtered(body.json);
      if (body.tooLarge) this.annotate(TRUNCATED, 'true');
      this.#emit('ResponseComplete', { code });
    };
    waitUntil(readAnswer(response.clone(), MAX_EVENT_CHARACTERS).then(done, () => done({})));
    return response;
  }

  #started(response: Response): Response {
    const { streaming } = this.#options.scope;
    const code = response.status;
    this.#emit('ResponseStarted', { code });
    let open = true;
    const complete = (): void => {
      if (open) this.#emit('ResponseComplete', { code });
      open = false;
    };
    if (code < 400 && streaming) void streaming.then(complete, complete);
    else if (code < 400 && code !== 101 && response.body) return watched(response, complete);
    else complete();
    return response;
  }

  unauthenticated(status: Status): void {
    this.failed(status);
    this.#emit('ResponseStarted', { code: 401 });
  }

  panicked(message: string): void {
    const status = { status: 'Failure', message: `APIServer panic'd: ${message}`, reason: 'InternalError', code: 500 };
    this.#status = status as Status;
    this.#emit('Panic', { code: 500 });
  }

  #keeps(level: AnnotationLevel): boolean {
    return reaches(this.#options.decision.level, level);
  }

  #filtered(json: string): string {
    if (!this.#options.decision.omitManagedFields || !json.includes('"managedFields"')) return json;
    return JSON.stringify(withoutManagedFields(JSON.parse(json)));
  }

  #emit(stage: AuditStage, { code }: { code?: number }): void {
    const { decision, sink } = this.#options;
    if (decision.omitStages.has(stage)) return;
    let text = this.#event(stage, { code, objects: true });
    if (text.length > MAX_EVENT_CHARACTERS) {
      this.#annotations.set(TRUNCATED, 'true');
      text = this.#event(stage, { code, objects: false });
    }
    sink.write(text);
  }

  #event(stage: AuditStage, { code, objects }: { code: number | undefined; objects: boolean }): string {
    const { scope, now } = this.#options;
    const { kind, apiVersion, level, auditID, ...rest } = this.#head;
    const head = {
      ...{ kind, apiVersion, level, auditID, stage, ...rest },
      ...(this.#objectRef ? { objectRef: this.#objectRef } : {}),
      ...(code === undefined ? {} : { responseStatus: responseStatus(code, this.#status) }),
    };
    const started = apiMicroTime(scope.started);
    const annotations = Object.fromEntries([...this.#annotations].sort(([a], [b]) => (a < b ? -1 : 1)));
    const tail = {
      requestReceivedTimestamp: started,
      stageTimestamp: stage === 'RequestReceived' ? started : apiMicroTime(now()),
      ...(this.#annotations.size > 0 ? { annotations } : {}),
    };
    const request = objects && this.#requestObject !== undefined ? `,"requestObject":${this.#requestObject}` : '';
    const response = objects && this.#responseObject !== undefined ? `,"responseObject":${this.#responseObject}` : '';
    return `${JSON.stringify(head).slice(0, -1)}${request}${response},${JSON.stringify(tail).slice(1)}`;
  }
}

/** The same answer; `ended` is called when its body was sent or given up. */
function watched(response: Response, ended: () => void): Response {
  const watch = new TransformStream<Uint8Array, Uint8Array>({ flush: ended, cancel: ended });
  const body = (response.body as ReadableStream<Uint8Array>).pipeThrough(watch);
  return new Response(body, response);
}
