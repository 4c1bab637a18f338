/** The kubelet API as the agent serves it through the tunnel. Upstream: pkg/kubelet/server. */
import type { Clock } from '../../base/clock.ts';
import { DIAL } from '../../base/dial-headers.ts';
import type { MuxHandler, OutgoingResponse } from '../../base/mux/index.ts';
import type { Pod } from '../../kinds/index.ts';
import { messageOf } from '../log.ts';
import { type ContainerRuntime, RuntimeError } from '../runtime/contract.ts';
import { serveDial } from './dial.ts';
import { serveAttach, serveExec } from './exec.ts';
import { serveLogs } from './logs.ts';
import { servePortForward } from './port-forward.ts';
import { resourceMetrics, statsSummary } from './stats.ts';
import { HttpError, textResponse } from './target.ts';

export interface KubeletHandlerOptions {
  node: string;
  runtime: ContainerRuntime;
  clock: Clock;
  /** Pods of the node with their statuses. */
  pods(): readonly Pod[];
}

/**
 * Answers the paths of the kubelet API: `/containerLogs`, `/exec`, `/attach`, `/portForward`, `/pods`, `/stats/summary`,
 * `/metrics/resource`, `/healthz`; and any path with the header `x-kedge-dial: HOST:PORT`, which goes on to that address.
 */
export function createKubeletHandler(options: KubeletHandlerOptions): MuxHandler {
  return async (request) => {
    try {
      if (request.headers.has(DIAL.target)) return await serveDial(request);
      const url = new URL(request.url, 'http://node');
      switch (url.pathname.split('/')[1]) {
        case 'containerLogs':
          return await serveLogs(request, url, { ...options, now: options.clock.now });
        case 'exec':
          return await serveExec(request, url, options.runtime);
        case 'attach':
          return await serveAttach(request, url, options.runtime);
        case 'portForward':
          return await servePortForward(request, url, options.runtime);
        default:
          return await serveRead(url, options);
      }
    } catch (error) {
      return failure(error);
    }
  };
}

async function serveRead(url: URL, options: KubeletHandlerOptions): Promise<OutgoingResponse> {
  const path = url.pathname.replace(/\/$/, '');
  const json = (value: unknown) => textResponse(200, JSON.stringify(value), 'application/json');
  if (path === '/healthz' || path === '/healthz/ping') return textResponse(200, 'ok');
  if (path === '/pods' || path === '/runningpods') {
    return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: options.pods() });
  }
  if (path === '/stats/summary') return json(await statsSummary(options));
  if (path === '/metrics/resource')
    return textResponse(200, await resourceMetrics(options), 'text/plain; version=0.0.4');
  throw new HttpError(404, '404 page not found');
}

function failure(error: unknown): OutgoingResponse {
  if (error instanceof HttpError) {
    const answer = textResponse(error.status, error.message);
    return { ...answer, headers: [...(answer.headers ?? []), ...error.headers] };
  }
  if (error instanceof RuntimeError) {
    const status = error.code === 'NotFound' ? 404 : error.code === 'Unavailable' ? 503 : 500;
    return textResponse(status, error.message);
  }
  return textResponse(500, messageOf(error));
}
