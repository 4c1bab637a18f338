/** JSON merge patch (RFC 7386). Upstream: evanphx/json-patch v4 merge.go. */
import type { Json, JsonObject } from '../meta.ts';
import { setMember } from '../own-member.ts';
import { badRequest } from '../status.ts';

/**
 * `document` changed as `patch`, the parsed body of the request, says: null removes a member, objects merge, everything
 * else replaces; a list takes the place of the document. The document is not changed. Throws 400 for anything else.
 */
export function applyMergePatch(document: JsonObject, patch: unknown): Json {
  if (typeof patch !== 'object' || patch === null) throw badRequest('Invalid JSON Patch');
  return Array.isArray(patch) ? withoutNulls(patch) : mergeObjects(document, patch as JsonObject);
}

function mergeObjects(document: JsonObject, patch: JsonObject): JsonObject {
  const out: JsonObject = {};
  // Objects that a patch touches come out with sorted members, as messages that show the patched document have them.
  for (const key of [...new Set([...Object.keys(document), ...Object.keys(patch)])].sort()) {
    const current = Object.hasOwn(document, key) ? document[key]! : null;
    if (!Object.hasOwn(patch, key)) {
      setMember(out, key, current);
      continue;
    }
    const value = patch[key]!;
    if (value === null) continue;
    if (!isObject(current)) setMember(out, key, withoutNulls(value));
    else setMember(out, key, isObject(value) ? mergeObjects(current, value) : value);
  }
  return out;
}

/** The value without members that are null, at any depth, the others sorted; items of lists stay. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const key of Object.keys(value).sort()) if (value[key] !== null) setMember(out, key, withoutNulls(value[key]!));
  return out;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
