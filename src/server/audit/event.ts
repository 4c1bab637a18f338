/** The form of audit events. Upstream: apiserver/pkg/apis/audit/v1 Event, pkg/audit/request.go. */
import type { Status } from '../../machinery/status.ts';
import type { Attributes, UserInfo } from '../contract.ts';
import type { AuditLevel, AuditStage } from './policy.ts';

const MAX_USER_AGENT = 1024;

export interface EventUser {
  username?: string;
  uid?: string;
  groups?: string[];
  extra?: Record<string, string[]>;
}

export interface ObjectReference {
  resource?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  apiGroup?: string;
  apiVersion?: string;
  resourceVersion?: string;
  subresource?: string;
}

export interface ResponseStatus {
  metadata: Record<string, never>;
  status?: string;
  message?: string;
  reason?: string;
  details?: object;
  code?: number;
}

/** One event, its fields in the order upstream writes them. */
export interface AuditEvent {
  kind: 'Event';
  apiVersion: 'audit.k8s.io/v1';
  level: AuditLevel;
  auditID: string;
  stage: AuditStage;
  requestURI: string;
  verb: string;
  user: EventUser;
  impersonatedUser?: EventUser;
  authenticationMetadata?: { impersonationConstraint: string };
  sourceIPs?: string[];
  userAgent?: string;
  objectRef?: ObjectReference;
  responseStatus?: ResponseStatus;
  requestObject?: unknown;
  responseObject?: unknown;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  annotations?: Record<string, string>;
}

export function eventUser(user: UserInfo): EventUser {
  return {
    ...(user.name === '' ? {} : { username: user.name }),
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.groups.length > 0 ? { groups: user.groups } : {}),
    ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
  };
}

/** What a resource request is about; undefined for other paths. */
export function objectReference(attributes: Attributes): ObjectReference | undefined {
  if (!attributes.isResource) return undefined;
  const { resource, namespace, name, group, version, subresource } = attributes;
  return withoutEmpty({ resource, namespace, name, apiGroup: group, apiVersion: version, subresource });
}

/** In the order of upstream's fields, without those that are empty. */
export function withoutEmpty(reference: ObjectReference): ObjectReference {
  const { resource, namespace, name, uid, apiGroup, apiVersion, resourceVersion, subresource } = reference;
  const ordered = { resource, namespace, name, uid, apiGroup, apiVersion, resourceVersion, subresource };
  return Object.fromEntries(Object.entries(ordered).filter(([, value]) => value));
}

export function responseStatus(code: number, status?: Partial<Status>): ResponseStatus {
  return {
    metadata: {},
    ...(status?.status ? { status: status.status } : {}),
    ...(status?.message ? { message: status.message } : {}),
    ...(status?.reason ? { reason: status.reason } : {}),
    ...(status?.details ? { details: status.details } : {}),
    code: status?.code ?? code,
  };
}

/** Path and query as the client sent them. */
export function requestUri(url: URL): string {
  return `${url.pathname}${url.search}`;
}

export function userAgentOf(headers: Headers): string | undefined {
  const agent = headers.get('user-agent') ?? '';
  if (agent === '') return undefined;
  return agent.length > MAX_USER_AGENT ? `${agent.slice(0, MAX_USER_AGENT)}...TRUNCATED` : agent;
}

/** The addresses a request came by: those that proxies tell, then the peer. Upstream: util/net.SourceIPs. */
export function sourceIps(headers: Headers, peer: string): string[] {
  const found = (headers.get('x-forwarded-for') ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => ADDRESS.test(part));
  const real = headers.get('x-real-ip')?.trim() ?? '';
  if (ADDRESS.test(real) && !found.includes(real)) found.push(real);
  if (peer !== '' && found.at(-1) !== peer) found.push(peer);
  return found;
}

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|[\da-fA-F:]*:[\da-fA-F:.]*)$/;

/** `body` without managedFields, also in lists and the rows of Tables. */
export function withoutManagedFields(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const object = body as { metadata?: object; items?: unknown[]; rows?: { object?: unknown }[] };
  return {
    ...stripped(object),
    ...(Array.isArray(object.items) ? { items: object.items.map(stripped) } : {}),
    ...(Array.isArray(object.rows)
      ? { rows: object.rows.map((row) => (row.object ? { ...row, object: stripped(row.object) } : row)) }
      : {}),
  };
}

function stripped(item: unknown): object {
  const object = item as { metadata?: { managedFields?: unknown } };
  if (!object.metadata) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
