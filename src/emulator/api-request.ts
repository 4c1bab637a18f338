import { https } from './node-http.ts';

export interface ApiTarget {
  server: string;
  /** PEM. */
  ca: string;
  token: string;
}

export interface ApiReply {
  status: number;
  body: string;
}

/** One request to the API server with the administrator's token; `timeout` in milliseconds. */
export function apiRequest(
  target: ApiTarget,
  path: string,
  options: { method?: string; body?: unknown; timeout?: number } = {},
): Promise<ApiReply> {
  return new Promise((resolve, reject) => {
    const text = options.body === undefined ? undefined : JSON.stringify(options.body);
    const call = https.request(
      new URL(target.server + path),
      {
        method: options.method ?? 'GET',
        ca: target.ca,
        timeout: options.timeout ?? 10_000,
        headers: {
          authorization: `Bearer ${target.token}`,
          ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        },
      },
      (reply) => {
        let body = '';
        reply.setEncoding('utf8');
        reply.on('data', (chunk: string) => {
          body += chunk;
        });
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body }));
        reply.on('error', reject);
      },
    );
    call.on('timeout', () => call.destroy(new Error('timed out')));
    call.on('error', reject);
    call.end(text);
  });
}

/** What the Status in an answer's body says; undefined when there is none. */
export function messageOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
