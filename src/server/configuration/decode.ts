/** Reads configuration files as upstream's strict decoder does. Upstream: runtime/serializer with strict decoding. */
import { badRequest, type FieldError } from '../../machinery/status.ts';
import { yamlToJson } from '../negotiation/yaml-reader.ts';

/** The fields a type has: a shape, a list of one shape, `{ '*': shape }` for a map, or the name of a scalar type. */
export type Shape = 'string' | 'boolean' | 'number' | 'any' | readonly [Shape] | { readonly [field: string]: Shape };

export interface DocumentType {
  apiVersions: readonly string[];
  kind: string;
  shape: { readonly [field: string]: Shape };
}

/** Parses YAML or JSON; throws 400 naming what is wrong. */
export function parseDocument(text: string): { document: Record<string, unknown>; duplicates: string[] } {
  const parsed = yamlToJson(text);
  if (parsed.error !== undefined) throw badRequest(`couldn't get version/kind; json parse error: ${parsed.error}`);
  const document = JSON.parse(parsed.json) as unknown;
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw badRequest("couldn't get version/kind; json parse error: the document is no object");
  return { document: document as Record<string, unknown>, duplicates: parsed.duplicates };
}

/** Checks version, kind and every field against `type`; throws 400. */
export function checkStrictly(
  document: Record<string, unknown>,
  type: DocumentType,
  duplicates: readonly string[],
): void {
  const { apiVersion, kind } = document;
  if (typeof kind !== 'string' || kind === '') throw badRequest("Object 'Kind' is missing in the document");
  if (typeof apiVersion !== 'string' || apiVersion === '')
    throw badRequest("Object 'apiVersion' is missing in the document");
  if (kind !== type.kind || !type.apiVersions.includes(apiVersion))
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}; expected ${type.kind} in ${type.apiVersions.join(' or ')}`,
    );
  const unknown: string[] = [];
  walk(document, { apiVersion: 'string', kind: 'string', ...type.shape }, { path: '', unknown });
  const faults = [...duplicates, ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`)];
  if (faults.length > 0) throw badRequest(`strict decoding error: ${faults.join(', ')}`);
}

function walk(value: unknown, shape: Shape, at: { path: string; unknown: string[] }): void {
  if (value === null || value === undefined || shape === 'any') return;
  if (typeof shape === 'string') {
    if (typeof value !== shape) throw mismatch(at.path, value, shape);
    return;
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) throw mismatch(at.path, value, 'list');
    for (const [i, element] of value.entries()) walk(element, shape[0], { ...at, path: `${at.path}[${i}]` });
    return;
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw mismatch(at.path, value, 'object');
  for (const [field, inner] of Object.entries(value)) {
    const path = at.path === '' ? field : `${at.path}.${field}`;
    const known = Object.hasOwn(shape, field) ? shape[field] : shape['*'];
    if (known === undefined) at.unknown.push(path);
    else walk(inner, known, { ...at, path });
  }
}

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape);

function mismatch(path: string, value: unknown, wanted: string): Error {
  const found = Array.isArray(value) ? 'array' : typeof value;
  return badRequest(`json: cannot unmarshal ${found} into field ${path} of type ${wanted}`);
}

/** Field errors in one line, as upstream's servers print them before they give up. Upstream: ErrorList.ToAggregate. */
export function aggregate(errors: readonly FieldError[]): string {
  const lines = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))];
  return lines.length === 1 ? (lines[0] as string) : `[${lines.join(', ')}]`;
}
