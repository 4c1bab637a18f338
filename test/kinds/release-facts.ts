/** The type facts of the release, where they lie beside the repository; tests that need them are skipped elsewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { KubeObject } from '../../src/machinery/meta.ts';

const shared = process.env.KEDGE_SHARED ?? resolve(import.meta.dirname, '../../../shared');

export const factsFolder = join(shared, 'kubernetes-api');
export const haveFacts = existsSync(factsFolder);

export interface DefaultsPair {
  in: KubeObject;
  out: KubeObject;
}

export function readFacts<T>(file: string): T {
  return JSON.parse(readFileSync(join(factsFolder, file), 'utf8')) as T;
}
