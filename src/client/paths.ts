import type { KindRef } from '../machinery/kind.ts';
import type { NamespacedName } from './client.ts';

/** The URL path of an object, or of its collection when the name is empty; across all namespaces when none is given. */
export function objectPath(kind: KindRef, key: NamespacedName, subresource?: string): string {
  let path = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  if (kind.namespaced && key.namespace) path += `/namespaces/${encodeURIComponent(key.namespace)}`;
  path += `/${kind.resource}`;
  if (key.name !== '') path += `/${encodeURIComponent(key.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** A query string with its question mark; undefined values are left out, and so is an empty one. */
export function queryOf(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  let query = '';
  for (const name in values) {
    const value = values[name];
    if (value === undefined || value === '') continue;
    query += `${query === '' ? '?' : '&'}${name}=${encodeURIComponent(value)}`;
  }
  return query;
}
