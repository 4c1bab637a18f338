/** Puts the documents of extension API servers into OpenAPI. Upstream: kube-aggregator/pkg/controllers/openapi{,v3}/aggregator. */

import { pathOf, type RemoteApi } from './api-index.ts';
import type { Aggregation } from './contract.ts';

type Json = Record<string, unknown>;

const nameOf = (api: RemoteApi): string => pathOf(api).slice(1);

/** `/openapi/v3` with the documents of others, which are named as their servers name them. */
export async function mergeOpenApiIndex(text: string, aggregation: Aggregation): Promise<string> {
  const { remotes } = await aggregation.index();
  if (remotes.length === 0) return text;
  const index = JSON.parse(text) as { paths: Record<string, object> };
  for (const api of remotes) {
    const document = await aggregation.documents.json(api, '/openapi/v3');
    const entry = ((document?.paths ?? {}) as Record<string, { serverRelativeURL?: unknown } | undefined>)[nameOf(api)];
    if (typeof entry?.serverRelativeURL === 'string') index.paths[nameOf(api)] = entry;
  }
  return JSON.stringify(index);
}

interface Merged {
  text: string;
  /** By the path of their API. */
  documents: ReadonlyMap<string, Json>;
  result: string;
}

/** The last result of each server: the document is large, and the same until something changes. */
const lastMerged = new WeakMap<Aggregation, Merged>();

/** `/openapi/v2` with the paths of others and the definitions that they need. */
export async function mergeOpenApiV2(text: string, aggregation: Aggregation): Promise<string> {
  const { remotes } = await aggregation.index();
  const documents = new Map<string, Json>();
  for (const api of remotes) {
    const document = await aggregation.documents.json(api, '/openapi/v2');
    if (document) documents.set(pathOf(api), document);
  }
  if (documents.size === 0) return text;
  const last = lastMerged.get(aggregation);
  if (last?.text === text && isSame(last.documents, documents)) return last.result;
  const merged = JSON.parse(text) as { paths: Json; definitions: Json };
  for (const [path, document] of documents) addDocument(merged, document, path);
  const result = JSON.stringify(merged);
  lastMerged.set(aggregation, { text, documents, result });
  return result;
}

const isSame = (before: ReadonlyMap<string, Json>, after: ReadonlyMap<string, Json>): boolean =>
  before.size === after.size && [...after].every(([path, document]) => before.get(path) === document);

function addDocument(merged: { paths: Json; definitions: Json }, document: Json, prefix: string): void {
  const paths = Object.entries((document.paths ?? {}) as Json).filter(
    ([path]) => path === prefix || path.startsWith(`${prefix}/`),
  );
  const definitions = (document.definitions ?? {}) as Json;
  const needed = new Set<string>();
  for (const [, path] of paths) collect(path, { definitions, needed });
  const names = new Map<string, string>();
  for (const name of needed) names.set(name, freeName(merged.definitions, name, definitions[name]));
  for (const [name, to] of names) merged.definitions[to] = renamed(definitions[name], names);
  for (const [path, value] of paths) if (!Object.hasOwn(merged.paths, path)) merged.paths[path] = renamed(value, names);
}

const REF = '#/definitions/';

/** Adds the definitions that a value refers to, and those that they refer to. */
function collect(value: unknown, into: { definitions: Json; needed: Set<string> }): void {
  const left: unknown[] = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    const { $ref } = next as { $ref?: unknown };
    if (typeof $ref === 'string' && $ref.startsWith(REF)) {
      const name = $ref.slice(REF.length);
      if (!into.needed.has(name) && Object.hasOwn(into.definitions, name)) {
        into.needed.add(name);
        left.push(into.definitions[name]);
      }
    }
    left.push(...Object.values(next));
  }
}

/** Another definition of the same name keeps it. */
function freeName(definitions: Json, name: string, definition: unknown): string {
  if (!Object.hasOwn(definitions, name) || JSON.stringify(definitions[name]) === JSON.stringify(definition))
    return name;
  for (let count = 2; ; count++) if (!Object.hasOwn(definitions, `${name}_v${count}`)) return `${name}_v${count}`;
}

function renamed(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (![...names].some(([name, to]) => name !== to)) return value;
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => {
      if (key !== '$ref' || typeof inner !== 'string' || !inner.startsWith(REF)) return inner;
      const name = inner.slice(REF.length);
      return REF + (names.get(name) ?? name);
    }),
  );
}
