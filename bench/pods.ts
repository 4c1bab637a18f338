/** How long a pod takes from its creation to Running on a real node. */
import { podBody } from './api.ts';
import { type Client, percentiles } from './client.ts';
import { sleep } from './process.ts';

interface PodEvent {
  type: string;
  object: { metadata: { name: string }; status?: { phase?: string } };
}

const PODS = '/api/v1/namespaces/default/pods';
const COUNT = 20;
const TIMEOUT_MS = 60_000;

/** Creates pods of `image` one after the other, each when the one before runs; undefined when the first never does. */
export async function measurePodStart(
  client: Client,
  image: string,
): Promise<{ p50: number; p99: number } | undefined> {
  const running = new Map<string, number>();
  const response = await client.open({ path: `${PODS}?watch=1` });
  response.setEncoding('utf8');
  let rest = '';
  response.on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { object } = JSON.parse(line) as PodEvent;
      const { name } = object.metadata;
      if (object.status?.phase === 'Running' && !running.has(name)) running.set(name, performance.now());
    }
  });
  const times: number[] = [];
  // The first pod may have to wait for the image.
  for (let i = 0; i <= COUNT; i++) {
    const name = `start-${i}`;
    const created = performance.now();
    await client.send({ method: 'POST', path: PODS, body: podBody(name, 'default-scheduler', image) });
    while (!running.has(name) && performance.now() - created < TIMEOUT_MS) await sleep(1);
    const at = running.get(name);
    if (at === undefined && i === 0) return undefined;
    if (i > 0) times.push(at === undefined ? Number.POSITIVE_INFINITY : at - created);
    await client.send({ method: 'DELETE', path: `${PODS}/${name}?gracePeriodSeconds=0` });
  }
  response.destroy();
  return percentiles(times);
}
