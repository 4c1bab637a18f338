import { type Status, StatusError } from '../machinery/status.ts';

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** A `Status` as an error. */
export function errorOfStatus(status: Partial<Status>, code = 500): StatusError {
  return new StatusError(
    status.code ?? code,
    status.reason ?? REASONS[code] ?? '',
    status.message ?? `the server answered ${code}`,
    status.details,
    status.metadata,
  );
}

/**
 * The error that an answer other than 2xx stands for. A body that is no Status (a proxy's page, say) becomes the
 * message, cut to a readable length. Upstream: errors.NewGenericServerResponse.
 */
export async function statusErrorOf(response: Response): Promise<StatusError> {
  const text = await response.text().catch(() => '');
  const status = parseStatus(text);
  if (status) return errorOfStatus(status, response.status);
  const retryAfter = Number(response.headers.get('Retry-After'));
  const error = errorOfStatus({ message: text.slice(0, 1024).trim() || undefined }, response.status);
  if (retryAfter > 0) error.status.details = { ...error.status.details, retryAfterSeconds: retryAfter };
  return error;
}

function parseStatus(text: string): Partial<Status> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Status>;
    return value.kind === 'Status' ? value : undefined;
  } catch {
    return undefined;
  }
}
