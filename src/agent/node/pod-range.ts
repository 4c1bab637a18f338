/** The node's range of pod addresses: what the control plane gives, and what an earlier run was given. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { type Client, runInformer } from '../../client/index.ts';
import { type Node, nodes } from '../../kinds/index.ts';
import type { KubeObject } from '../../machinery/meta.ts';

const fileIn = (stateDir: string): string => join(stateDir, 'pod-cidr');

export const rememberRange = (stateDir: string, podCIDR: string): Promise<void> => writeFile(fileIn(stateDir), podCIDR);

/** Undefined where no earlier run had a range. */
export async function rememberedRange(stateDir: string): Promise<string | undefined> {
  const text = await readFile(fileIn(stateDir), 'utf8').catch(() => '');
  return text.trim() || undefined;
}

export interface AwaitRangeOptions {
  client: Client;
  node: string;
  clock: Clock;
  random: Random;
  signal: AbortSignal;
}

/** Resolves when the Node has a range; rejects when the signal aborts. */
export function awaitRange({ client, node, clock, random, signal }: AwaitRangeOptions): Promise<string> {
  const found = new AbortController();
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    void runInformer<Node & KubeObject>({
      client,
      kind: nodes as never,
      fieldSelector: `metadata.name=${node}`,
      clock,
      random,
      signal: AbortSignal.any([found.signal, signal]),
      onSet({ spec }) {
        if (!spec?.podCIDR) return;
        resolve(spec.podCIDR);
        found.abort();
      },
      onDelete() {},
    });
  });
}
