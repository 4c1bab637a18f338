/** Services and endpoints on disk, so that a node that starts while the API is away goes on naming and reaching them. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, delay } from '../../base/clock.ts';
import type { EndpointSlice, Service } from '../../kinds/index.ts';
import { type Log, messageOf } from '../log.ts';
import type { ServiceStore } from './service-store.ts';

export interface SavedServicesOptions {
  store: ServiceStore;
  stateDir: string;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}

interface Saved {
  services: Service[];
  slices: EndpointSlice[];
}

/** Milliseconds for the API to answer before what an earlier run knew is used. */
const PATIENCE = 3000;
/** Changes of this long are written together. */
const QUIET = 5000;

/** Writes the store after changes, and fills it from disk when the API does not answer in time. */
export function keepServices({ store, stateDir, clock, log, signal }: SavedServicesOptions): void {
  const path = join(stateDir, 'services.json');
  let writing = false;
  const save = async (): Promise<void> => {
    writing = true;
    await delay(clock, QUIET, signal);
    writing = false;
    const saved: Saved = { services: [...store.services.values()], slices: [...store.slices.values()].flat() };
    await writeFile(`${path}.tmp`, JSON.stringify(saved), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  };
  const failed = (what: string) => (error: unknown) => {
    writing = false;
    if (!signal.aborted) log('warn', what, { error: messageOf(error) });
  };
  store.subscribe(() => {
    if (!writing && !signal.aborted) save().catch(failed('services were not written to disk'));
  });
  const restore = async (): Promise<void> => {
    await delay(clock, PATIENCE, signal);
    if (store.synced) return;
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined || store.synced) return;
    const { services, slices } = JSON.parse(text) as Saved;
    store.restore(services, slices);
    log('warn', 'the API does not answer: services are those of the last run', { services: services.length });
  };
  restore().catch(failed('services were not read from disk'));
}
