/** Paths to fields as definitions write them. Upstream: apiserver/schema/cel ValidFieldPath. */
import type { JSONSchemaProps } from '../contract.ts';
import { additionalOf, child, key, propertyOf } from '../schema-node.ts';

export type FieldPath =
  | { readonly ok: true; readonly path: string; readonly root: string; readonly schema: JSONSchemaProps | undefined }
  | { readonly ok: false; readonly error: string };

class PathError extends Error {
  override readonly name = 'PathError';
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
};

const NO_FIELD = 'does not refer to a valid field';
const ENDS = 'unexpected end of JSON path';

/** Follows `.a['b'].c` through a schema, written the way errors write paths. `brackets`: whether `['b']` may stand in it. */
export function fieldPath(text: string, schema: JSONSchemaProps, brackets = true): FieldPath {
  try {
    return follow(tokensOf(text), schema, brackets);
  } catch (error) {
    if (error instanceof PathError) return { ok: false, error: error.message };
    throw error;
  }
}

function follow(tokens: readonly string[], start: JSONSchemaProps, brackets: boolean): FieldPath {
  let path = '';
  let root = '';
  let schema: JSONSchemaProps | undefined = start;
  let at = 0;
  const next = (): string => {
    const token = tokens[at++];
    if (token === undefined) throw new PathError(ENDS);
    return token;
  };
  const step = (name: () => string): void => {
    const text = name();
    const named = hasFields(schema);
    if (path === '') root = text;
    path = named ? child(path, text) : key(path, text);
    schema = named ? propertyOf(schema!, text) : additionalOf(schema!);
    if (named && schema === undefined) throw new PathError(NO_FIELD);
  };
  while (at < tokens.length) {
    const token = next();
    if (token === '.') step(next);
    else if (token === '[') {
      if (!brackets) throw new PathError('array notation is not allowed');
      const quoted = next();
      if (!/^'.*'$/s.test(quoted) || quoted.length < 2)
        throw new PathError(`expected single quoted string but got ${quoted}`);
      const text = unescapeText(quoted.slice(1, -1));
      step(() => text);
      const close = next();
      if (close !== ']') throw new PathError(`expected ] but got ${close}`);
    } else throw new PathError(`expected [ or . but got: ${token}`);
  }
  return { ok: true, path, root, schema };
}

/** Whether names are those of declared fields; otherwise they are keys of a map. */
function hasFields(schema: JSONSchemaProps | undefined): boolean {
  if (schema?.properties !== undefined && Object.keys(schema.properties).length > 0) return true;
  if (schema?.additionalProperties !== undefined) return false;
  throw new PathError(NO_FIELD);
}

function unescapeText(text: string): string {
  return text.replace(/\\./g, (sequence) => {
    const plain = ESCAPES[sequence[1]!];
    if (plain === undefined) throw new PathError(`invalid string literal: invalid escape char ${sequence}`);
    return plain;
  });
}

/** Delimiters one by one, and the texts between them; a quoted text may have delimiters in it. */
function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  let start = 0;
  while (start < text.length) {
    const end = tokenEnd(text, start);
    tokens.push(text.slice(start, end));
    start = end;
  }
  return tokens;
}

function tokenEnd(text: string, start: number): number {
  if (text[start] === "'") {
    for (let at = start + 1; at < text.length; at++) if (text[at] === "'" && text[at - 1] !== '\\') return at + 1;
    return text.length;
  }
  if ('.[]'.includes(text[start]!)) return start + 1;
  for (let at = start + 1; at < text.length; at++) if ('.[]'.includes(text[at]!)) return at;
  return text.length;
}
