import type { Json } from '../meta.ts';

/** Whether two JSON values are equal; the order of members does not count, a member that is null equals a missing one. */
export function equalJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => equalJson(item, b[i]!));
  }
  for (const key in a) if (!equalJson(a[key] ?? null, b[key] ?? null)) return false;
  for (const key in b) if (!Object.hasOwn(a, key) && b[key] !== null) return false;
  return true;
}
