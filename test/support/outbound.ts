/** Calls to webhooks from a server in plain Node: dials as the emulator's process does, with loopback open. */
import { dialRequests } from '../../src/agent/index.ts';
import { createOutbound, type Dialer, type OutboundDeps } from '../../src/server/outbound/index.ts';

const headersOf = (request: Request): Headers => {
  const headers = new Headers(request.headers);
  headers.set('host', new URL(request.url).host);
  return headers;
};

export const nodeDialer: Dialer = {
  async fetch(request) {
    const { pathname, search } = new URL(request.url);
    try {
      const answer = await dialRequests.serve({
        method: request.method,
        url: pathname + search,
        headers: headersOf(request),
        body: request.body,
        upgrade: false,
        signal: request.signal,
      });
      const empty = [101, 204, 205, 304].includes(answer.status);
      return new Response(empty ? null : (answer.body as ReadableStream), {
        status: answer.status,
        headers: answer.headers ?? [],
      });
    } catch (error) {
      if (!(error instanceof dialRequests.HttpError)) throw error;
      return new Response(error.message, { status: error.status, headers: [...error.headers] as [string, string][] });
    }
  },
};

/** Outbound calls of a server in plain Node. */
export function nodeOutbound(deps: Pick<OutboundDeps, 'store' | 'nodes' | 'clock' | 'random'>) {
  return createOutbound({ ...deps, dialer: nodeDialer, fetch: (request) => fetch(request), open: ['loopback'] });
}
