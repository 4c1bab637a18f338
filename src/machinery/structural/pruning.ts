/** Dropping what a schema does not know. Upstream: apiserver/schema/pruning, schema/defaulting/prunenulls.go. */
import { copyJson } from '../copy-json.ts';
import type { JSONSchemaProps } from './contract.ts';
import {
  additionalOf,
  child,
  hasDefault,
  isEmbedded,
  itemsOf,
  type JsonMap,
  preserves,
  propertyOf,
} from './schema-node.ts';

const META_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

interface Node {
  schema: JSONSchemaProps | undefined;
  path: string;
  /** What was dropped; `silent`: fields at the root that are never reported. */
  out: { paths: string[]; silent: boolean };
  /** The schema preserves unknown fields here, or an ancestor did whose schema says nothing of this place. */
  keep: boolean;
  /** The node is a whole API object, whose type and metadata are not the schema's business. */
  resource: boolean;
}

/**
 * Drops the fields of `value` that `schema` does not specify, in place, and returns their paths in order. With
 * `resource` the value is a whole API object: its apiVersion, kind and metadata stay.
 */
export function pruneValue(value: unknown, schema: JSONSchemaProps | undefined, resource: boolean): string[] {
  return pruneFrom(value, schema, resource).paths.sort();
}

/** Whether pruning would leave a value as it is. `resource`: it is a whole object, whatever its schema says. */
export function isPruned(value: unknown, schema: JSONSchemaProps, resource: boolean): boolean {
  const { paths, silent } = pruneFrom(copyJson(value), schema, resource);
  return paths.length === 0 && !silent;
}

function pruneFrom(value: unknown, schema: JSONSchemaProps | undefined, resource: boolean): Node['out'] {
  const out: Node['out'] = { paths: [], silent: false };
  prune(value, {
    schema,
    path: '',
    out,
    keep: schema !== undefined && preserves(schema),
    resource: resource || (schema !== undefined && isEmbedded(schema)),
  });
  return out;
}

function prune(value: unknown, node: Node): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) pruneItems(value, node);
  else pruneFields(value as JsonMap, node);
}

function pruneItems(items: unknown[], node: Node): void {
  const schema = node.schema === undefined ? undefined : itemsOf(node.schema);
  // Below a place that preserves, items without a schema of their own are not looked at.
  if (node.keep && schema === undefined) return;
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    if (typeof item === 'object' && item !== null)
      prune(item, { ...below(schema, node.keep, node), path: `${node.path}[${index}]` });
  }
}

function pruneFields(map: JsonMap, node: Node): void {
  const { schema } = node;
  const additional = schema?.additionalProperties;
  for (const name of Object.keys(map)) {
    if (node.resource && META_FIELDS.has(name)) continue;
    const declared = schema === undefined ? undefined : propertyOf(schema, name);
    if (declared === undefined && additional === undefined) {
      if (node.keep) continue;
      if (node.path === '' && META_FIELDS.has(name) && schema !== undefined) node.out.silent = true;
      else node.out.paths.push(child(node.path, name));
      delete map[name];
      continue;
    }
    const value = map[name];
    if (typeof value !== 'object' || value === null) continue;
    const next = declared ?? (typeof additional === 'object' ? additional : undefined);
    prune(value, { ...below(next, false, node), path: child(node.path, name) });
  }
}

/** A child node: it preserves if its schema does, or, with `inherit`, as items of a preserved list. */
function below(schema: JSONSchemaProps | undefined, inherit: boolean, { out }: Node): Omit<Node, 'path'> {
  return {
    schema,
    out,
    keep: inherit || (schema !== undefined && preserves(schema)),
    resource: schema !== undefined && isEmbedded(schema),
  };
}

const isForbiddenNull = (value: unknown, schema: JSONSchemaProps | undefined): boolean =>
  value === null && schema !== undefined && schema.nullable !== true && !hasDefault(schema);

/** Drops nulls of fields that may not be null and have no default to become, in place. */
export function pruneNulls(value: unknown, schema: JSONSchemaProps | undefined): void {
  if (schema === undefined || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    if (items !== undefined) for (const item of value) pruneNulls(item, items);
    return;
  }
  const map = value as JsonMap;
  for (const name of Object.keys(map)) {
    const field = propertyOf(schema, name) ?? additionalOf(schema);
    if (field === undefined) continue;
    if (isForbiddenNull(map[name], field)) delete map[name];
    else pruneNulls(map[name], field);
  }
}
