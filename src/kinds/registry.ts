import type { Kind, KindRegistry } from '../machinery/kind.ts';
import { allKinds } from './all-kinds.ts';

/** The registry of `kinds`: the built-in ones unless told otherwise. Look-ups are maps built once per registry. */
export function createKindRegistry(kinds: readonly Kind[] = allKinds): KindRegistry {
  const resources = new Map<string, Kind>();
  const names = new Map<string, Kind>();
  const stored = new Map<string, Kind>();
  for (const kind of kinds) {
    const groupVersion = `${kind.group}/${kind.version}`;
    resources.set(`${groupVersion}/${kind.resource}`, kind);
    names.set(`${groupVersion}/${kind.kind}`, kind);
    const storedVersion = kind.group === '' ? kind.version : groupVersion;
    if (kind.stored && kind.storageVersion === storedVersion) stored.set(kind.storedAs, kind);
  }
  return {
    all: () => kinds,
    byResource: (group, version, resource) => resources.get(`${group}/${version}/${resource}`),
    byKind: (group, version, name) => names.get(`${group}/${version}/${name}`),
    byStored: (resource) => stored.get(resource),
    load: async (group, version, resource) => resources.get(`${group}/${version}/${resource}`),
    refresh: async () => undefined,
    loadVersion: async () => [],
    async *loadAll() {},
  };
}
