import { request } from 'node:http';

/** The body of one GET on a fresh connection; rejects on any failure. `host` replaces the Host header. */
export function get(url: string, timeout = 5_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent: false, timeout }, (reply) => {
      let body = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk: string) => {
        body += chunk;
      });
      reply.on('end', () =>
        reply.statusCode === 200 ? resolve(body) : reject(new Error(`status ${reply.statusCode}: ${body}`)),
      );
      reply.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('timed out')));
    call.on('error', reject);
    call.end();
  });
}

export interface RequestLoad {
  /** Ends it; what failed, and which answers came. */
  stop(): Promise<{ failed: string[]; answers: Set<string>; count: number }>;
}

/** Asks again and again, each time on a new connection, until stopped. */
export function requestsUntil(url: string): RequestLoad {
  let running = true;
  const failed: string[] = [];
  const answers = new Set<string>();
  let count = 0;
  const loop = (async () => {
    while (running) {
      count++;
      await get(url).then(
        (body) => answers.add(body),
        (error) => failed.push(`${new Date().toISOString()} ${String(error)}`),
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return {
    async stop() {
      running = false;
      await loop;
      return { failed, answers, count };
    },
  };
}
