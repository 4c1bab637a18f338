/**
 * The one error type of the API: a Kubernetes `Status`. Thrown anywhere, turned into a response in one place.
 * Upstream: apimachinery/pkg/api/errors.
 */

import { quote } from './quote.ts';

export type CauseType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError'
  | 'UnexpectedServerResponse'
  | 'FieldManagerConflict'
  | 'ResourceVersionTooLarge'
  | 'DisruptionBudget'
  | 'NamespaceTerminating';

export interface StatusCause {
  reason?: CauseType | string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string; resourceVersion?: string };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/** What a message names: a resource (`pods`) or, for validation, a kind (`Pod`), with its group. */
export interface Subject {
  group: string;
  /** Resource name, or kind where upstream uses the kind. */
  kind: string;
}

const qualified = (subject: Subject): string =>
  subject.group === '' ? subject.kind : `${subject.kind}.${subject.group}`;

/** An error with a Kubernetes Status; `code` is the HTTP status. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: Status;
  constructor(
    code: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    metadata: Status['metadata'] = {},
  ) {
    super(message);
    this.status = { kind: 'Status', apiVersion: 'v1', metadata, status: 'Failure', message, reason, code };
    if (details) this.status.details = details;
    if (reason === '') delete this.status.reason;
  }
  get code(): number {
    return this.status.code ?? 500;
  }
  get reason(): string {
    return this.status.reason ?? '';
  }
}

export const notFound = (s: Subject, name: string): StatusError =>
  new StatusError(404, 'NotFound', `${qualified(s)} ${quote(name)} not found`, { name, ...groupOf(s), kind: s.kind });

export const alreadyExists = (s: Subject, name: string): StatusError =>
  new StatusError(409, 'AlreadyExists', `${qualified(s)} ${quote(name)} already exists`, {
    name,
    ...groupOf(s),
    kind: s.kind,
  });

export const conflict = (s: Subject, name: string, why: string): StatusError =>
  new StatusError(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(s)} ${quote(name)}: ${why}`, {
    name,
    ...groupOf(s),
    kind: s.kind,
  });

export const forbidden = (s: Subject, name: string, why: string): StatusError =>
  new StatusError(
    403,
    'Forbidden',
    name === '' ? `${qualified(s)} is forbidden: ${why}` : `${qualified(s)} ${quote(name)} is forbidden: ${why}`,
    { ...(name === '' ? {} : { name }), ...groupOf(s), kind: s.kind },
  );

export const unauthorized = (message = 'Unauthorized'): StatusError => new StatusError(401, 'Unauthorized', message);

export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message);

export const methodNotSupported = (s: Subject, action: string): StatusError =>
  new StatusError(405, 'MethodNotAllowed', `${action} is not supported on resources of kind "${qualified(s)}"`, {
    ...groupOf(s),
    kind: s.kind,
  });

export const expired = (message: string, continueToken?: string): StatusError =>
  new StatusError(410, 'Expired', message, undefined, continueToken === undefined ? {} : { continue: continueToken });

export const requestEntityTooLarge = (message: string): StatusError =>
  new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`);

export const tooManyRequests = (message: string, retryAfterSeconds: number): StatusError =>
  new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds });

export const internalError = (why: string): StatusError =>
  new StatusError(500, 'InternalError', `Internal error occurred: ${why}`, { causes: [{ message: why }] });

export const serviceUnavailable = (why: string): StatusError => new StatusError(503, 'ServiceUnavailable', why);

/** One failure of validation: upstream's field.Error. */
export interface FieldError {
  type: CauseType;
  /** Path as upstream writes it: `spec.containers[0].name`. */
  field: string;
  /** Message without the field path, e.g. `Required value: must not be empty`. */
  message: string;
}

/** 422 Invalid with every field error as a cause. `subject.kind` is the kind. Upstream: NewInvalid. */
export function invalid(subject: Subject, name: string, errors: readonly FieldError[]): StatusError {
  const lines = [...new Set(errors.map((e) => `${e.field}: ${e.message}`))];
  const joined = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  return new StatusError(
    422,
    'Invalid',
    `${qualified(subject)} ${quote(name)} is invalid${lines.length ? `: ${joined}` : ''}`,
    {
      ...(name === '' ? {} : { name }),
      ...groupOf(subject),
      ...(subject.kind === '' ? {} : { kind: subject.kind }),
      causes: errors.map((e) => ({ reason: e.type, message: e.message, field: e.field })),
    },
  );
}

function groupOf(s: Subject): { group?: string } {
  return s.group === '' ? {} : { group: s.group };
}
