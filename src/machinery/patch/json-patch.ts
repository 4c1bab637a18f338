/**
 * JSON patch (RFC 6902) with the liberties of the library that upstream uses: `replace` also sets a missing member, a
 * missing member equals null in `test`, negative indices count from the end, and a pointer loses what stands before its
 * first slash. Upstream: evanphx/json-patch v4, apiserver/pkg/endpoints/handlers/patch.go.
 */
import type { Json, JsonObject } from '../meta.ts';
import { setMember } from '../own-member.ts';
import { quote } from '../quote.ts';
import { badRequest, requestEntityTooLarge, StatusError } from '../status.ts';
import { equalJson } from './equal-json.ts';

const MAX_OPERATIONS = 10_000;
/** Bytes that all `copy` operations of a patch may copy together. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;
/** Items of lists that may change their place altogether: some tenths of a second. Upstream has no such bound. */
const MAX_MOVED_ITEMS = 500_000_000;

/**
 * Applies `operations`, the parsed body of the request, to `document`, which is not changed; null is a patch without
 * any. Throws 400 when the body is no patch, 413 when it has too many operations and 422 when an operation fails; then
 * nothing is applied.
 */
export function applyJsonPatch(document: Json, body: unknown): Json {
  const operations = body ?? [];
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
  try {
    return applyOperations(document, operations);
  } catch (error) {
    if (error instanceof JsonPatchFailure) throw failed();
    throw error;
  }
}

/** Why an operation could not be applied, in the words of the library that upstream uses. */
export class JsonPatchFailure extends Error {
  override readonly name = 'JsonPatchFailure';
  /** A `test` did not hold. */
  readonly isTest: boolean;
  constructor(message: string, isTest = false) {
    super(message);
    this.isTest = isTest;
  }
}

/** Applies operations to `document`, which is not changed. Throws a JsonPatchFailure for the first that fails. */
export function applyOperations(document: Json, operations: readonly (JsonObject | null)[]): Json {
  const patched = new PatchedDocument(document);
  for (const operation of operations) patched.apply(operation ?? {});
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

const MISSING = 'missing value';

/** A document that copies the containers it changes, each once. Methods throw a JsonPatchFailure. */
class PatchedDocument {
  root: Json;
  readonly #own = new Set<Container>();
  #copied = 0;
  #moved = 0;

  constructor(document: Json) {
    this.root = typeof document === 'object' && document !== null ? this.#owned(document) : document;
  }

  apply(operation: JsonObject): void {
    const { op } = operation;
    const value = operation.value ?? null;
    const path = (): string => pointerOf(operation, 'path', `${op} operation failed to decode path: ${MISSING}`);
    const from = (): string => pointerOf(operation, 'from', `${op} operation failed to decode from: ${MISSING}`);
    switch (op) {
      case 'add':
        this.#add(path(), value);
        break;
      case 'remove':
        this.#remove(path());
        break;
      case 'replace':
        this.#replace(path(), value);
        break;
      case 'move':
        this.#move(from(), path());
        break;
      case 'copy':
        this.#copy(from(), path());
        break;
      case 'test':
        this.#test(path(), value);
        break;
      default:
        throw new JsonPatchFailure(`Unexpected kind: ${typeof op === 'string' ? op : 'unknown'}`);
    }
  }

  /** The result; objects that were entered have their members sorted, as messages that show the document have them. */
  finish(): Json {
    for (const container of this.#own) if (!Array.isArray(container)) sortMembers(container);
    return this.root;
  }

  #add(path: string, value: Json): void {
    const place = this.#placeOf(path, `add operation does not apply: doc is missing path: "${path}"`);
    this.#countMoved(place);
    addAt(place, value, `error in add for path: '${path}'`);
  }

  #remove(path: string): void {
    const place = this.#placeOf(path, `remove operation does not apply: doc is missing path: "${path}"`);
    this.#countMoved(place);
    removeAt(place, `error in remove for path: '${path}'`);
  }

  #replace(path: string, value: Json): void {
    if (path === '') {
      if (typeof value !== 'object' || value === null)
        throw new JsonPatchFailure('replace operation value must be object or array');
      this.root = this.#owned(value);
      return;
    }
    const place = this.#placeOf(path, `replace operation does not apply: doc is missing path: ${path}`);
    const { container, key } = place;
    if (!Array.isArray(container)) {
      setMember(container, key, value);
      return;
    }
    const index = indexIn(key, container.length);
    if (index === undefined)
      throw new JsonPatchFailure(`replace operation does not apply: doc is missing key: ${path}: ${MISSING}`);
    container[index] = value;
  }

  #move(from: string, path: string): void {
    const source = this.#placeOf(from, `move operation does not apply: doc is missing from path: ${from}`);
    const why = `error in move for path: '${source.key}'`;
    const value = valueAt(source, why);
    this.#countMoved(source);
    removeAt(source, why);
    const target = this.#placeOf(path, `move operation does not apply: doc is missing destination path: ${path}`);
    this.#countMoved(target);
    addAt(target, value, `error in move for path: '${path}'`);
  }

  #copy(from: string, path: string): void {
    const source = this.#placeOf(from, `copy operation does not apply: doc is missing from path: ${from}`);
    const why = `error in copy for from: '${from}'`;
    valueAt(source, why);
    const target = this.#placeOf(path, `copy operation does not apply: doc is missing destination path: ${path}`);
    // Only now, as the way to the target may have led through it.
    const value = valueAt(source, why);
    const text = JSON.stringify(this.#shown(value));
    if (value !== null) this.#copied += text.length;
    if (this.#copied > MAX_COPIED_BYTES) {
      const why = `Unable to complete the copy, the accumulated size increase of copy is ${this.#copied}, exceeding the limit ${MAX_COPIED_BYTES}`;
      throw new JsonPatchFailure(why);
    }
    this.#countMoved(target);
    // A copy of its own: later operations may change either, and a value may be copied into itself.
    addAt(target, JSON.parse(text) as Json, 'error while adding value during copy');
  }

  #test(path: string, value: Json): void {
    const place =
      path === '' ? undefined : this.#placeOf(path, `test operation does not apply: is missing path: ${path}`);
    const actual = place === undefined ? this.root : valueAt(place, `error in test for path: '${path}'`);
    if (!equalJson(actual, value)) throw new JsonPatchFailure(`testing value ${path} failed: test failed`, true);
    // What was compared was entered.
    if (place !== undefined && typeof actual === 'object' && actual !== null) setAt(place, this.#entered(actual));
  }

  /** A copy with everything below it entered, too. */
  #entered(container: Container): Container {
    const own = this.#owned(container);
    const enter = (value: Json): Json => (typeof value === 'object' && value !== null ? this.#entered(value) : value);
    if (Array.isArray(own)) for (const [index, item] of own.entries()) own[index] = enter(item);
    else for (const [key, value] of Object.entries(own)) setMember(own, key, enter(value));
    return own;
  }

  /** The value as it would be written now. */
  #shown(value: Json): Json {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.#shown(item));
    const members = Object.entries(value);
    if (this.#own.has(value)) members.sort(([a], [b]) => (a < b ? -1 : 1));
    const out: JsonObject = {};
    for (const [key, member] of members) setMember(out, key, this.#shown(member));
    return out;
  }

  #placeOf(path: string, why: string): Place {
    const place = this.#find(path);
    if (place === undefined) throw new JsonPatchFailure(`${why}: ${MISSING}`);
    return place;
  }

  /** Whoever inserts or removes an item moves all behind it. */
  #countMoved({ container, key }: Place): void {
    if (!Array.isArray(container) || key === '-') return;
    this.#moved += container.length - (indexIn(key, container.length) ?? container.length);
    if (this.#moved > MAX_MOVED_ITEMS)
      throw requestEntityTooLarge(`The allowed maximum of items that a JSON patch moves is ${MAX_MOVED_ITEMS}`);
  }

  /** The container of the last part of a path; every container on the way is one that may be changed. */
  #find(path: string): Place | undefined {
    const parts = path.split('/').slice(1).map(pointerPart);
    const key = parts.pop();
    if (key === undefined || typeof this.root !== 'object' || this.root === null) return undefined;
    this.root = this.#owned(this.root);
    let container: Container = this.root;
    for (const part of parts) {
      const next = child(container, part);
      if (typeof next !== 'object' || next === null) return undefined;
      const entered: Container = this.#owned(next);
      if (entered !== next) setAt({ container, key: part }, entered);
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

function pointerOf(operation: JsonObject, field: 'path' | 'from', why: string): string {
  const pointer = operation[field];
  if (typeof pointer !== 'string') throw new JsonPatchFailure(why);
  return pointer;
}

function valueAt({ container, key }: Place, why: string): Json {
  const value = child(container, key);
  if (value === undefined) throw new JsonPatchFailure(`${why}: ${indexFault(key)}`);
  return value;
}

function addAt({ container, key }: Place, value: Json, why: string): void {
  if (!Array.isArray(container)) {
    setMember(container, key, value);
    return;
  }
  const index = key === '-' ? container.length : indexIn(key, container.length + 1);
  if (index === undefined) {
    const what = isIndex(key) ? '' : `value was not a proper array index: '${key}': `;
    throw new JsonPatchFailure(`${why}: ${what}${indexFault(key)}`);
  }
  container.splice(index, 0, value);
}

/** Sets a member or an item that is there. */
function setAt({ container, key }: Place, value: Json): void {
  if (Array.isArray(container)) container[indexIn(key, container.length) ?? 0] = value;
  else setMember(container, key, value);
}

function removeAt({ container, key }: Place, why: string): void {
  if (!Array.isArray(container)) {
    if (!Object.hasOwn(container, key))
      throw new JsonPatchFailure(`${why}: Unable to remove nonexistent key: ${key}: ${MISSING}`);
    delete container[key];
    return;
  }
  const index = indexIn(key, container.length);
  if (index === undefined) throw new JsonPatchFailure(`${why}: ${indexFault(key)}`);
  container.splice(index, 1);
}

const isIndex = (key: string): boolean => /^[+-]?\d+$/.test(key);

const indexFault = (key: string): string =>
  isIndex(key)
    ? `Unable to access invalid index: ${Number(key)}: invalid index referenced`
    : `strconv.Atoi: parsing ${quote(key)}: invalid syntax`;

function child(container: Container, key: string): Json | undefined {
  if (!Array.isArray(container)) return Object.hasOwn(container, key) ? container[key] : null;
  const index = indexIn(key, container.length);
  return index === undefined ? undefined : container[index];
}

/** The index that a part of a pointer names in a list of `length`; undefined when it is none or out of range. */
function indexIn(key: string, length: number): number | undefined {
  if (!isIndex(key)) return undefined;
  const index = Number(key);
  if (index >= length || index < -length) return undefined;
  return index < 0 ? index + length : index;
}

function pointerPart(part: string): string {
  return part.includes('~') ? part.replaceAll('~1', '/').replaceAll('~0', '~') : part;
}
