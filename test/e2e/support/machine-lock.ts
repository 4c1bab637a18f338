import { createServer } from 'node:net';

/** Real nodes share the machine's network: one test cluster with a node at a time. Returns what frees the machine. */
export async function lockMachine(): Promise<() => void> {
  for (;;) {
    const release = await tryLock();
    if (release) return release;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** An abstract socket is held by one process of a network namespace, and freed when that process ends. */
function tryLock(): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.unref();
    server.once('error', () => resolve(undefined));
    server.listen({ path: '\0kedge-e2e' }, () => resolve(() => server.close()));
  });
}
