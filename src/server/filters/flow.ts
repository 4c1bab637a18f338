/** Passes a request through flow control. Upstream: server/filters/priority-and-fairness.go. */

import type { ConfigSnapshot } from '../contract.ts';
import { textResponse } from '../errors.ts';
import type { FlowSeat } from '../flow/contract.ts';
import { isLongRunning } from '../metrics.ts';
import type { RequestScope, ServerParts } from '../scope.ts';

/**
 * Answers a request by `next` when it has a seat, which a watch gives back once it has begun; 429 when it gets none.
 * Long requests that are no watches need none.
 */
export async function withFlowControl(
  parts: ServerParts,
  input: { scope: RequestScope; config: ConfigSnapshot },
  next: () => Promise<Response> | Response,
): Promise<Response> {
  const { scope, config } = input;
  const isWatch = scope.info.verb === 'watch';
  if (!isWatch && isLongRunning(scope)) return next();
  const entering = parts.flow.enter(scope, config);
  const entered = entering instanceof Promise ? await entering : entering;
  scope.flow = entered.mark;
  if ('retryAfter' in entered) return tooManyRequests(entered.retryAfter);
  return isWatch ? serveWatch(parts, { scope, seat: entered }, next) : serve(entered, next);
}

async function serve(seat: FlowSeat, next: () => Promise<Response> | Response): Promise<Response> {
  try {
    return await next();
  } finally {
    seat.leave();
  }
}

async function serveWatch(
  parts: ServerParts,
  { scope, seat }: { scope: RequestScope; seat: FlowSeat },
  next: () => Promise<Response> | Response,
): Promise<Response> {
  const ended = parts.flow.watching(scope);
  try {
    return await next();
  } finally {
    seat.leave();
    if (scope.streaming) void scope.streaming.then(ended, ended);
    else ended();
  }
}

function tooManyRequests(retryAfter: number): Response {
  const response = textResponse(429, 'Too many requests, please try again later.\n');
  response.headers.delete('Cache-Control');
  response.headers.set('Retry-After', String(retryAfter));
  return response;
}
