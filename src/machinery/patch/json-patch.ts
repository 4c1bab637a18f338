/**
 * JSON patch (RFC 6902) with the liberties of the library that upstream uses: `replace` also sets a missing member, a
 * missing member equals null in `test`, negative indices count from the end, and a pointer loses what stands before its
 * first slash. Upstream: evanphx/json-patch v4, apiserver/pkg/endpoints/handlers/patch.go.
 */
import type { Json, JsonObject } from '../meta.ts';
import { badRequest, requestEntityTooLarge, StatusError } from '../status.ts';
import { equalJson } from './equal-json.ts';

const MAX_OPERATIONS = 10_000;
/** Bytes that all `copy` operations of a patch may copy together. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

/**
 * Applies `operations`, the parsed body of the request, to `document`, which is not changed. Throws 400 when the body is
 * no patch, 413 when it has too many operations and 422 when an operation fails; then nothing is applied.
 */
export function applyJsonPatch(document: Json, operations: unknown): Json {
  if (!Array.isArray(operations)) {
    throw badRequest(`json: cannot unmarshal ${jsonTypeOf(operations)} into Go value of type jsonpatch.Patch`);
  }
  for (const operation of operations) {
    if (operation !== null && (typeof operation !== 'object' || Array.isArray(operation))) {
      throw badRequest(`json: cannot unmarshal ${jsonTypeOf(operation)} into Go value of type jsonpatch.Operation`);
    }
  }
  if (operations.length > MAX_OPERATIONS) {
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`,
    );
  }
  const patched = new PatchedDocument(document);
  for (const operation of operations) {
    if (!patched.apply((operation ?? {}) as JsonObject)) throw failed();
  }
  return patched.finish();
}

/** Whatever goes wrong in an operation, clients get the same answer. */
function failed(): StatusError {
  return new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

type Container = JsonObject | Json[];

interface Place {
  container: Container;
  key: string;
}

/** A document that copies the containers it changes, each once. Methods answer false when an operation fails. */
class PatchedDocument {
  root: Json;
  readonly #own = new Set<Container>();
  #copied = 0;

  constructor(document: Json) {
    this.root = document;
  }

  apply(operation: JsonObject): boolean {
    const { op, path, from } = operation;
    const value = operation.value ?? null;
    if (typeof path !== 'string') return false;
    switch (op) {
      case 'add':
        return this.#add(path, value);
      case 'remove':
        return this.#remove(path);
      case 'replace':
        return this.#replace(path, value);
      case 'move':
        return typeof from === 'string' && this.#move(from, path);
      case 'copy':
        return typeof from === 'string' && this.#copy(from, path);
      case 'test':
        return this.#test(path, value);
      default:
        return false;
    }
  }

  /** The result; objects that were changed have their members sorted, as messages that show the document have them. */
  finish(): Json {
    for (const container of this.#own) if (!Array.isArray(container)) sortMembers(container);
    return this.root;
  }

  #add(path: string, value: Json): boolean {
    const place = this.#find(path, true);
    if (place === undefined) return false;
    const { container, key } = place;
    if (!Array.isArray(container)) {
      setMember(container, key, value);
      return true;
    }
    const index = key === '-' ? container.length : indexIn(key, container.length + 1);
    if (index === undefined) return false;
    container.splice(index, 0, value);
    return true;
  }

  #remove(path: string): boolean {
    const place = this.#find(path, true);
    if (place === undefined) return false;
    const { container, key } = place;
    if (!Array.isArray(container)) {
      if (!Object.hasOwn(container, key)) return false;
      delete container[key];
      return true;
    }
    const index = indexIn(key, container.length);
    if (index === undefined) return false;
    container.splice(index, 1);
    return true;
  }

  #replace(path: string, value: Json): boolean {
    if (path === '') {
      if (typeof value !== 'object' || value === null) return false;
      this.root = value;
      return true;
    }
    const place = this.#find(path, true);
    if (place === undefined) return false;
    const { container, key } = place;
    if (!Array.isArray(container)) {
      setMember(container, key, value);
      return true;
    }
    const index = indexIn(key, container.length);
    if (index === undefined) return false;
    container[index] = value;
    return true;
  }

  #move(from: string, path: string): boolean {
    const value = this.#get(from);
    return value !== undefined && this.#remove(from) && this.#add(path, value);
  }

  #copy(from: string, path: string): boolean {
    const value = this.#get(from);
    if (value === undefined) return false;
    if (value !== null) this.#copied += JSON.stringify(value).length;
    return this.#copied <= MAX_COPIED_BYTES && this.#add(path, value);
  }

  #test(path: string, value: Json): boolean {
    const actual = path === '' ? this.root : this.#get(path);
    return actual !== undefined && equalJson(actual, value);
  }

  /** The value at a path; null for a member that is missing, undefined when the path leads nowhere. */
  #get(path: string): Json | undefined {
    const place = this.#find(path, false);
    if (place === undefined) return undefined;
    return child(place.container, place.key);
  }

  /** The container of the last part of a path; with `write`, every container on the way is one that may be changed. */
  #find(path: string, write: boolean): Place | undefined {
    const parts = path.split('/').slice(1).map(pointerPart);
    const key = parts.pop();
    if (key === undefined || typeof this.root !== 'object' || this.root === null) return undefined;
    if (write) this.root = this.#owned(this.root);
    let container: Container = this.root;
    for (const part of parts) {
      const next = child(container, part);
      if (typeof next !== 'object' || next === null) return undefined;
      const entered: Container = write ? this.#owned(next) : next;
      if (entered !== next) {
        if (Array.isArray(container)) container[indexIn(part, container.length) ?? 0] = entered;
        else container[part] = entered;
      }
      container = entered;
    }
    return { container, key };
  }

  #owned(container: Container): Container {
    if (this.#own.has(container)) return container;
    const copy: Container = Array.isArray(container) ? [...container] : { ...container };
    this.#own.add(copy);
    return copy;
  }
}

function sortMembers(object: JsonObject): void {
  const members = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key] of members) delete object[key];
  for (const [key, value] of members) setMember(object, key, value);
}

/** Sets an own member, whatever its name is. */
function setMember(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

function child(container: Container, key: string): Json | undefined {
  if (!Array.isArray(container)) return Object.hasOwn(container, key) ? container[key] : null;
  const index = indexIn(key, container.length);
  return index === undefined ? undefined : container[index];
}

/** The index that a part of a pointer names in a list of `length`; undefined when it is none or out of range. */
function indexIn(key: string, length: number): number | undefined {
  if (!/^[+-]?\d+$/.test(key)) return undefined;
  const index = Number(key);
  if (index >= length || index < -length) return undefined;
  return index < 0 ? index + length : index;
}

function pointerPart(part: string): string {
  return part.includes('~') ? part.replaceAll('~1', '/').replaceAll('~0', '~') : part;
}
