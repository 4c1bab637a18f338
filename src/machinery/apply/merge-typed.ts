/**
 * Merging an applied configuration into an object, and taking fields out of one.
 * Upstream: structured-merge-diff/typed/{merge,remove}.go, fieldpath/set.go (EnsureNamedFieldsAreMembers).
 */
import { memberOf, setMember } from '../own-member.ts';
import { type FieldSet, isEmpty, isMember, type MutableFieldSet, sorted, withSelf } from './field-set.ts';
import { isMap, type JsonMap, type TypedNode } from './typed-node.ts';

/**
 * `base` with everything that `applied` names set to its value. Nothing is removed. Keyed lists take the order of
 * `applied` where both name the same items. Neither argument is changed; parts of both may be shared by the result.
 */
export function mergeTyped(type: TypedNode, base: unknown, applied: unknown): unknown {
  if (applied === undefined) return base;
  if (base === undefined || type.form === 'leaf') return applied;
  if (type.form === 'list') {
    const old = Array.isArray(base) ? base : [];
    const now = Array.isArray(applied) ? applied : [];
    if (now.length === 0) return old.length === 0 ? applied : base;
    return old.length === 0 ? applied : mergeLists(type, old, now);
  }
  if (type.form === 'deduced' && (!isMap(base) || !isMap(applied))) return applied;
  const old = isMap(base) ? base : {};
  const now = isMap(applied) ? applied : {};
  if (Object.keys(now).length === 0) return Object.keys(old).length === 0 ? applied : base;
  return mergeMaps(type, old, now);
}

function mergeMaps(type: TypedNode, old: JsonMap, now: JsonMap): JsonMap {
  const out: JsonMap = { ...old };
  for (const name in now) {
    if (now[name] === undefined) continue;
    const child = type.child(name);
    setMember(out, name, child === undefined ? now[name] : mergeTyped(child, memberOf(old, name), now[name]));
  }
  return out;
}

/**
 * Items that only `old` has stay in front of the next item that both have; items of both stand in the order of `now`,
 * each new one right after its neighbour there.
 */
function mergeLists(type: TypedNode, old: readonly unknown[], now: readonly unknown[]): unknown[] {
  const oldNames = old.map((item) => type.itemElement(item));
  const nowNames = now.map((item) => type.itemElement(item));
  const oldByName = new Map<string, unknown>();
  for (const [i, name] of oldNames.entries()) oldByName.set(name, oldByName.has(name) ? undefined : old[i]);
  const inNow = new Set(nowNames);
  const shared = nowNames.filter((name) => oldByName.has(name));
  let sharedIndex = 0;
  const merged = new Set<string>();
  const out: unknown[] = [];
  const take = (index: number): void => {
    const name = nowNames[index]!;
    merged.add(name);
    out.push(mergeTyped(type.element, oldByName.get(name), now[index]));
    if (shared[sharedIndex] === name) sharedIndex++;
  };
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length) {
      const name = oldNames[i]!;
      if (name === nowNames[j]) {
        take(j++);
        i++;
        continue;
      }
      if (inNow.has(name) && sharedIndex < shared.length && shared[sharedIndex] !== name) {
        i++;
        continue;
      }
    }
    if (i < old.length) {
      const name = oldNames[i]!;
      if (!inNow.has(name)) {
        out.push(old[i++]);
        continue;
      }
      if (merged.has(name)) i++;
    }
    if (j < now.length) take(j++);
  }
  return out;
}

/**
 * `value` without the members of `set`. What loses all of its members stays, empty; null where there was nothing to lose
 * a member from, or the value is owned whole.
 */
export function removeItems(type: TypedNode, value: unknown, set: FieldSet): unknown {
  if (type.form === 'list') return Array.isArray(value) ? removeFromList(type, value, set) : value;
  if (type.form === 'leaf') return typeof value === 'object' ? null : value;
  if (!isMap(value)) return type.form === 'deduced' && Array.isArray(value) ? null : value;
  const out: JsonMap = {};
  let kept = false;
  for (const name in value) {
    if (value[name] === undefined) continue;
    const node = set[`f:${name}`];
    if (node !== undefined && isMember(node)) continue;
    const child = type.child(name);
    const left = node === undefined || child === undefined ? value[name] : removeInside(child, value[name], node);
    setMember(out, name, left);
    kept = true;
  }
  return kept ? out : null;
}

function removeFromList(type: TypedNode, items: readonly unknown[], set: FieldSet): unknown {
  const out: unknown[] = [];
  for (const item of items) {
    const node = set[type.itemElement(item)];
    if (node === undefined) out.push(item);
    else if (!isMember(node)) out.push(removeInside(type.element, item, node));
  }
  return out.length === 0 ? null : out;
}

/** A member that is not taken out itself: where nothing is left of it, it stays as an empty one. */
function removeInside(type: TypedNode, value: unknown, set: FieldSet): unknown {
  const left = removeItems(type, value, set);
  if (left !== null) return left;
  return Array.isArray(value) ? [] : isMap(value) ? {} : left;
}

/** The set with every declared struct field on the way to a member as a member too. */
export function withNamedFields(type: TypedNode | undefined, set: FieldSet): FieldSet {
  if (isEmpty(set)) return set;
  const out: MutableFieldSet = {};
  for (const element in set) {
    const node = set[element]!;
    if (element === '.' || isEmpty(node)) {
      out[element] = node;
      continue;
    }
    const name = element.startsWith('f:') ? element.slice(2) : undefined;
    const child = name === undefined ? listElement(type, element) : type?.child(name);
    const inner = withNamedFields(child, node);
    out[element] = name !== undefined && type?.declares(name) ? withSelf(inner) : inner;
  }
  return sorted(out);
}

function listElement(type: TypedNode | undefined, element: string): TypedNode | undefined {
  return type?.form === 'list' && element.startsWith('k:') ? type.element : undefined;
}
