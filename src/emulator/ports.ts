import { createServer } from 'node:net';

/** Whether `port` of `host` can be listened on now. */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** The first free port from `first` on; throws when 100 in a row are taken. */
export async function nextFreePort(host: string, first: number): Promise<number> {
  for (let port = first; port < first + 100; port++) if (await isPortFree(host, port)) return port;
  throw new Error(`no free port between ${first} and ${first + 99}`);
}
