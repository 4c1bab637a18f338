/** The records of all definitions, arranged for look-ups. */
import { compareVersions, DEFINITION_RECORDS, type DefinitionRecord, discoveredKinds } from '../../kinds/index.ts';
import type { Kind } from '../../machinery/kind.ts';
import type { ConfigSnapshot } from '../contract.ts';

export interface DefinitionIndex {
  /** By `plural.group`. */
  find(resource: string, group: string): DefinitionRecord | undefined;
  inGroup(group: string): readonly DefinitionRecord[];
  /** The kinds that discovery shows: groups by name, the preferred version of each first. */
  readonly discovered: readonly Kind[];
  /** Those with work left to do. */
  readonly unsettled: readonly DefinitionRecord[];
}

/** The index of a moment; the same value until a record changes. */
export function definitionIndexOf(config: ConfigSnapshot): DefinitionIndex {
  return config.derive('definition-index', [DEFINITION_RECORDS], buildIndex);
}

function buildIndex(config: ConfigSnapshot): DefinitionIndex {
  const records = config.list<DefinitionRecord>(DEFINITION_RECORDS);
  const byName = new Map<string, DefinitionRecord>();
  const byGroup = new Map<string, DefinitionRecord[]>();
  for (const record of records) {
    byName.set(record.metadata.name, record);
    const group = byGroup.get(record.group);
    if (group) group.push(record);
    else byGroup.set(record.group, [record]);
  }
  let discovered: readonly Kind[] | undefined;
  return {
    find: (resource, group) => byName.get(`${resource}.${group}`),
    inGroup: (group) => byGroup.get(group) ?? [],
    get discovered() {
      discovered ??= discover(records);
      return discovered;
    },
    unsettled: records.filter((record) => record.unsettled),
  };
}

function discover(records: readonly DefinitionRecord[]): Kind[] {
  return records
    .filter((record) => record.established)
    .flatMap(discoveredKinds)
    .sort(
      (a, b) =>
        compareText(a.group, b.group) || compareVersions(a.version, b.version) || compareText(a.resource, b.resource),
    );
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
