/**
 * The managers of an object and what each owns, read from and written to `metadata.managedFields`.
 * Upstream: apimachinery/pkg/util/managedfields/internal/managedfields.go, capmanagers.go.
 */
import type { ManagedFieldsEntry } from '../meta.ts';
import { type FieldSet, FieldSetError, isEmpty, parseFieldSet, union } from './field-set.ts';

/** How many entries of operation Update are kept before the oldest are merged. */
const MAX_UPDATE_MANAGERS = 10;
const OLD_UPDATES_MANAGER = 'ancient-changes';

/** One manager's fields. Immutable: a change makes a new value. */
export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
  /** The stored entry this was read from, as long as nothing of it changed. */
  readonly source?: ManagedFieldsEntry;
}

/** By identifier. */
export type Managers = Map<string, Manager>;

/** What makes two entries the same manager; an applier is the same whatever version it applied. */
export function managerId(manager: Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>): string {
  const version = manager.operation === 'Apply' ? '' : manager.apiVersion;
  return `${manager.name}\u0000${manager.operation}\u0000${version}\u0000${manager.subresource}`;
}

/** A timestamp as metadata carries it: whole seconds, UTC. */
export function timestamp(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== latest.second) latest = { second, text: `${new Date(milliseconds).toISOString().slice(0, 19)}Z` };
  return latest.text;
}

/** The last timestamp: writes of one second share it. */
let latest = { second: Number.NaN, text: '' };

/** Managers of entries that this server wrote. */
export function readManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  for (const entry of entries ?? []) {
    const manager: Manager = { ...identity(entry), set: (entry.fieldsV1 ?? {}) as FieldSet, source: entry };
    managers.set(managerId(manager), manager);
  }
  return managers;
}

/** What is wrong with entries; undefined for nothing. Upstream: ValidateManagedFields. */
export function managersFault(entries: readonly ManagedFieldsEntry[]): string | undefined {
  for (const [index, entry] of entries.entries()) {
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') return 'operation must be `Apply` or `Update`';
    if (!entry.apiVersion) return 'apiVersion must not be empty';
    if (!entry.fieldsType) return `missing fieldsType in managed fields entry ${index}`;
    if (entry.fieldsType !== 'FieldsV1')
      return `invalid fieldsType ${JSON.stringify(entry.fieldsType)} in managed fields entry ${index}`;
    if (!parseManagers([entry])) return `error decoding versioned set from ${JSON.stringify(entry)}`;
  }
  return undefined;
}

/** Managers of entries that a client sent; undefined when any of them is invalid. */
export function parseManagers(entries: readonly ManagedFieldsEntry[]): Managers | undefined {
  const managers: Managers = new Map();
  for (const entry of entries) {
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') return undefined;
    if (!entry.apiVersion || entry.fieldsType !== 'FieldsV1') return undefined;
    try {
      const manager: Manager = { ...identity(entry), set: parseFieldSet(entry.fieldsV1) };
      managers.set(managerId(manager), manager);
    } catch (error) {
      if (error instanceof FieldSetError) return undefined;
      throw error;
    }
  }
  return managers;
}

function identity(entry: ManagedFieldsEntry): Omit<Manager, 'set' | 'source'> {
  return {
    name: entry.manager ?? '',
    operation: entry.operation ?? 'Update',
    apiVersion: entry.apiVersion ?? '',
    subresource: entry.subresource ?? '',
    time: entry.time ?? undefined,
  };
}

/** The manager with another set; the same manager when the set is the same. */
export function withSet(manager: Manager, set: FieldSet): Manager {
  if (set === manager.set) return manager;
  const { source: _, ...rest } = manager;
  return { ...rest, set };
}

/** Puts the manager in, or takes it out when it owns nothing. */
export function putManager(managers: Managers, id: string, manager: Manager): void {
  if (isEmpty(manager.set)) managers.delete(id);
  else managers.set(id, manager);
}

/** The entries in upstream's order; undefined when there are none. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  const entries: ManagedFieldsEntry[] = [];
  for (const manager of managers.values()) entries.push(manager.source ?? writeEntry(manager));
  return entries.length > 1 ? entries.sort(compareEntries) : entries;
}

function writeEntry(manager: Manager): ManagedFieldsEntry {
  const entry: ManagedFieldsEntry = {};
  if (manager.name !== '') entry.manager = manager.name;
  entry.operation = manager.operation;
  entry.apiVersion = manager.apiVersion;
  if (manager.time !== undefined) entry.time = manager.time;
  entry.fieldsType = 'FieldsV1';
  entry.fieldsV1 = manager.set as ManagedFieldsEntry['fieldsV1'] & object;
  if (manager.subresource !== '') entry.subresource = manager.subresource;
  return entry;
}

function compareEntries(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  return (
    compareText(a.operation, b.operation) ||
    seconds(a.time) - seconds(b.time) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

function compareText(a = '', b = ''): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function seconds(time: string | undefined): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000) || 0;
}

/** Merges the oldest Update entries of a version into one, so that no more than ten stay. Changes `managers`. */
export function capUpdateManagers(managers: Managers): void {
  const updaters: string[] = [];
  for (const [id, manager] of managers) if (manager.operation === 'Update') updaters.push(id);
  if (updaters.length <= MAX_UPDATE_MANAGERS) return;
  updaters.sort(
    (a, b) => seconds(managers.get(a)!.time) - seconds(managers.get(b)!.time) || (a < b ? -1 : a > b ? 1 : 0),
  );
  const firstOfVersion = new Map<string, string>();
  let count = updaters.length;
  for (const id of updaters) {
    if (count <= MAX_UPDATE_MANAGERS) return;
    const manager = managers.get(id)!;
    const first = firstOfVersion.get(manager.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(manager.apiVersion, id);
      continue;
    }
    const bucket: Omit<Manager, 'set'> = {
      name: OLD_UPDATES_MANAGER,
      operation: 'Update',
      apiVersion: manager.apiVersion,
      subresource: '',
      time: manager.time,
    };
    const bucketId = managerId(bucket);
    const merged = managers.get(bucketId) ?? managers.get(first)!;
    if (!managers.has(bucketId)) managers.delete(first);
    managers.delete(id);
    managers.set(bucketId, { ...bucket, set: union(manager.set, merged.set) });
    count--;
  }
}
