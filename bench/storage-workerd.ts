/** Storage inside workerd, by RPC and WebSocket as the Worker uses it: `node bench/storage-workerd.ts`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCrashHost } from '../test/e2e/crash-host.ts';

const directory = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
const host = await createCrashHost(directory, new URL('../test/workerd/bench-worker.ts', import.meta.url).pathname);
await host.start();

async function time(path: string, count: number): Promise<void> {
  const start = performance.now();
  const response = await fetch(`${host.url}${path}&count=${count}`);
  if (!response.ok) throw new Error(await response.text());
  const took = performance.now() - start;
  const rate = Math.round((count / took) * 1000);
  console.log(
    `${path.padEnd(34)} ${((took * 1000) / count).toFixed(0).padStart(7)} µs each ${rate.toString().padStart(8)}/s`,
  );
}

try {
  await time('/create?parallel=1&shard=one', 1000);
  await time('/create?parallel=64', 20_000);
  await time('/update?parallel=1', 1000);
  await time('/update?parallel=64', 5000);
  await time('/get?parallel=1', 2000);
  await time('/get?parallel=64', 10_000);
  await time('/list?parallel=1', 50);
  for (const watchers of [1, 100, 1000]) {
    const events = watchers === 1000 ? 200 : 1000;
    for (const parallel of [1, 16]) {
      const response = await fetch(`${host.url}/watch?watchers=${watchers}&count=${events}&parallel=${parallel}`);
      const result = (await response.json()) as { written: number; took: number; frames: number; received: number };
      const rate = Math.round((result.received / result.took) * 1000);
      console.log(`${watchers} watchers, ${parallel} writers: ${rate} events/s`, JSON.stringify(result));
    }
  }
} finally {
  await host.kill();
  rmSync(directory, { recursive: true, force: true });
}
