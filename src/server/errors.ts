/** The only place that turns errors into answers. Upstream: endpoints/handlers/responsewriters/errors.go. */
import { badRequest, internalError, type Status, StatusError, tooManyRequests } from '../machinery/status.ts';
import { negotiateFailure } from './negotiation/accept.ts';

/**
 * Any thrown value as a StatusError; what is not one already is a fault of the server, or of a body nested too deep or cut
 * off, or an object of the platform that has more to do than it can.
 */
export function toStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  if (isTooDeep(error)) return badRequest('the body of the request is invalid: exceeded max depth');
  if (isCutOff(error)) return badRequest('the body of the request is invalid: unexpected EOF');
  if ((error as { overloaded?: boolean } | null)?.overloaded === true)
    return tooManyRequests('the storage of this cluster is overloaded, please try again later', 1);
  return internalError(error instanceof Error ? error.message : String(error));
}

/** Whatever walks an object recurses, and only a client can make one that deep. */
const isTooDeep = (error: unknown): boolean =>
  error instanceof RangeError && error.message.startsWith('Maximum call stack');

/** The Workers runtime's words for a body whose sender has gone. */
const isCutOff = (error: unknown): boolean =>
  error instanceof TypeError && error.message.includes('client disconnected');

/** 404 for a path of a known API group that names nothing. */
export function resourceNotFound(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** 405 for a method that a known path lacks. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

/** The answer for unknown paths outside the API groups. */
export function pageNotFound(): Response {
  return textResponse(404, '404 page not found\n');
}

export function textResponse(status: number, text: string): Response {
  return new Response(text, {
    status,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-cache, private',
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

const NO_QUERY = new URLSearchParams();

/** A Status with Retry-After where it says so, in the media type that `request` prefers. Its code may be a webhook's. */
export function statusResponse(status: Status, request: Request, query = NO_QUERY): Response {
  const { serializer, pretty } = negotiateFailure(request, query);
  const headers: Record<string, string> = {
    'Content-Type': serializer.mediaType,
    'Cache-Control': 'no-cache, private',
  };
  const retry = status.details?.retryAfterSeconds;
  if (retry !== undefined && retry > 0) headers['Retry-After'] = String(retry);
  return new Response(serializer.write(status, pretty), { status: httpStatus(status.code ?? 500), headers });
}

/** The nearest that the platform answers with: it has no status above 599. */
const httpStatus = (code: number): number => (code >= 200 && code <= 599 ? code : 500);
