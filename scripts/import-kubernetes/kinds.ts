/** Writes the facts of the served kinds: names, verbs, subresources, columns. */
import { createHash } from 'node:crypto';
import { HEADER } from './facts.ts';

export interface KindFacts {
  group: string;
  version: string;
  resource: string;
  kind: string;
  singular: string;
  namespaced: boolean;
  type: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
  verbs: string[];
  preferredVersion: boolean;
  stored?: boolean;
  storage?: string;
  sameObjectsAs?: string[];
  fieldSelectors?: string[];
  name?: { rule: string; maxLength?: number };
  generation?: { onCreate: number; onSpecChange?: number; onMetadataChange?: number };
  createOnUpdate?: boolean;
  unconditionalUpdate?: boolean;
  delete?: { returns: string; graceful?: boolean; defaultGraceSeconds?: number; finalizersLeft?: string[] };
  subresources?: { name: string; kind: string; ref: string; verbs: string[] }[];
}

interface ColumnFact {
  name: string;
  type: string;
  format?: string;
  priority?: number;
}

const quote = (value: unknown): string =>
  JSON.stringify(value)
    .replace(/"([A-Za-z_]\w*)":/g, '$1: ')
    .replaceAll('"', "'")
    .replaceAll(',', ', ');

/** Upstream: apiserver/pkg/endpoints/discovery StorageVersionHash. */
function storageVersionHash({ storage = '', kind }: KindFacts): string {
  const gvk = `${storage.replace(/^core\//, '/')}/${kind}`;
  return createHash('sha256').update(gvk).digest().subarray(0, 8).toString('base64');
}

/** An object that the orphan finalizer kept was returned for that reason alone. */
function deletionOf({ delete: facts }: KindFacts): Record<string, unknown> {
  const orphaned = facts?.finalizersLeft?.includes('orphan') === true;
  return {
    returns: orphaned ? 'Status' : (facts?.returns ?? 'Status'),
    graceful: facts?.graceful,
    defaultGraceSeconds: facts?.defaultGraceSeconds,
    orphanByDefault: orphaned || undefined,
  };
}

function factOf(facts: KindFacts, columns: ColumnFact[] | undefined): Record<string, unknown> {
  return {
    group: facts.group,
    version: facts.version,
    kind: facts.kind,
    resource: facts.resource,
    singular: facts.singular,
    namespaced: facts.namespaced,
    type: facts.type,
    listKind: facts.listKind ?? '',
    shortNames: facts.shortNames ?? [],
    categories: facts.categories ?? [],
    verbs: facts.verbs,
    preferredVersion: facts.preferredVersion,
    stored: facts.stored !== false,
    storageVersionHash: facts.storage === undefined ? undefined : storageVersionHash(facts),
    nameRule: facts.name?.rule ?? 'other',
    nameMaxLength: facts.name?.maxLength,
    generation: [
      facts.generation?.onCreate ?? 0,
      facts.generation?.onSpecChange ?? 0,
      facts.generation?.onMetadataChange ?? 0,
    ],
    createOnUpdate: facts.createOnUpdate ?? false,
    unconditionalUpdate: facts.unconditionalUpdate ?? false,
    delete: deletionOf(facts),
    fieldSelectors: (facts.fieldSelectors ?? []).filter(
      (name) => name !== 'metadata.name' && name !== 'metadata.namespace',
    ),
    subresources: (facts.subresources ?? []).map((sub) => ({
      name: sub.name,
      kind: sub.kind,
      ref: sub.ref,
      verbs: sub.verbs,
    })),
    columns: columns ?? [],
  };
}

export function factsSource(
  groups: unknown,
  kinds: Record<string, KindFacts>,
  columns: Record<string, { columns: unknown[] }>,
): string {
  let out = `${HEADER}
import type { KindFacts } from '../kind-facts.ts';

/** The served groups in order of priority, each with its versions, the preferred one first. */
export const groups: readonly { group: string; versions: readonly string[]; preferred: string }[] = [
${(groups as unknown[]).map((group) => `  ${quote(group)},\n`).join('')}];

/** What is known of each served resource before its definition adds behaviour. */
export const kindFacts = {
`;
  for (const [id, facts] of Object.entries(kinds)) {
    out += `  '${id}': {\n`;
    for (const [key, value] of Object.entries(factOf(facts, columns[id]?.columns as ColumnFact[] | undefined))) {
      if (value === undefined) continue;
      if (Array.isArray(value) && typeof value[0] === 'object') {
        out += `    ${key}: [\n${value.map((item) => `      ${quote(item)},\n`).join('')}    ],\n`;
      } else out += `    ${key}: ${quote(value)},\n`;
    }
    out += '  },\n';
  }
  return `${out}} as const satisfies Record<string, KindFacts>;\n`;
}
