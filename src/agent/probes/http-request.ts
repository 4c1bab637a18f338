import http from 'node:http';
import https from 'node:https';
import type { HTTPGetAction } from '../../kinds/index.ts';

export interface HttpProbeRequest {
  action: HTTPGetAction;
  port: number;
  /** Used when the action names no host. */
  host: string;
  /** Seconds. */
  timeout: number;
  userAgent: string;
}

export interface HttpProbeAnswer {
  status: number;
  body: string;
  /** A redirect led to another host and was not followed. */
  redirectedAway: boolean;
}

const MAX_BODY = 10 * 1024;
const MAX_REDIRECTS = 10;

interface NodeError extends Error {
  code?: string;
  address?: string;
  port?: number;
}

/** Network errors in the words of Go's net package, which users know from kubelet. */
export function networkMessage(error: unknown, address: string): string {
  const { code, message } = error as NodeError;
  const texts: Record<string, string> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
    ECONNRESET: 'read: connection reset by peer',
  };
  const text = code === undefined ? undefined : texts[code];
  return text === undefined ? message : `dial tcp ${address}: ${text}`;
}

const bracket = (host: string): string => (host.includes(':') ? `[${host}]` : host);

function once(url: URL, request: HttpProbeRequest): Promise<{ status: number; body: string; location?: string }> {
  const headers: Record<string, string> = { 'User-Agent': request.userAgent, Accept: '*/*', Connection: 'close' };
  for (const { name, value } of request.action.httpHeaders ?? []) headers[name] = value ?? '';
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const options = { headers, agent: false, ...(secure ? { rejectUnauthorized: false } : {}) };
    const call = (secure ? https : http).get(url, options, (response) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      const done = () => {
        clearTimeout(timer);
        const body = Buffer.concat(chunks).toString('utf8').slice(0, MAX_BODY);
        const location = response.headers.location;
        resolve({ status: response.statusCode ?? 0, body, ...(location === undefined ? {} : { location }) });
        response.destroy();
      };
      response.on('data', (chunk: Uint8Array) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= MAX_BODY) done();
      });
      response.on('end', done);
      response.on('error', reject);
    });
    const timer = setTimeout(() => {
      call.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)'));
    }, request.timeout * 1000);
    call.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** GET as kubelet's probes do it: no proxy, any certificate, redirects on the same host only. Throws network errors. */
export async function httpRequest(request: HttpProbeRequest): Promise<HttpProbeAnswer> {
  const { action, port } = request;
  const host = bracket(action.host || request.host);
  const path = (action.path ?? '/').replace(/^(?!\/)/, '/');
  const first = new URL(`${(action.scheme ?? 'HTTP').toLowerCase()}://${host}:${port}${path}`);
  let url = first;
  try {
    for (let hop = 0; ; hop++) {
      const { status, body, location } = await once(url, request);
      const isRedirect = status >= 300 && status < 400 && status !== 304 && location !== undefined;
      if (!isRedirect) return { status, body, redirectedAway: false };
      const next = new URL(location, url);
      if (next.hostname !== first.hostname) return { status, body, redirectedAway: true };
      if (hop >= MAX_REDIRECTS) throw new Error(`stopped after ${MAX_REDIRECTS} redirects`);
      url = next;
    }
  } catch (error) {
    throw new Error(`Get "${first.protocol}//${host}:${port}${path}": ${networkMessage(error, `${host}:${port}`)}`);
  }
}
