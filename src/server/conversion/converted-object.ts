/** What a conversion may not change. Upstream: webhook_converter.go validateConvertedObject, restoreObjectMeta. */
import type { Json, JsonObject, KubeObject } from '../../machinery/meta.ts';
import type { FieldError } from '../../machinery/status.ts';
import { validateAnnotations, validateLabels } from '../../machinery/validation/index.ts';

/** An answer that breaks the rules. */
export class ConvertedError extends Error {
  override readonly name = 'ConvertedError';
}

const textAt = (metadata: Json | undefined, field: string): string => {
  const value = isObject(metadata) ? metadata[field] : undefined;
  return typeof value === 'string' ? value : '';
};

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Throws a ConvertedError when the two are not the same object. */
export function checkIdentity(original: KubeObject, converted: JsonObject): void {
  const before = original.metadata as JsonObject | undefined;
  for (const [field, name] of [
    ['name', 'name'],
    ['namespace', 'namespace'],
    ['uid', 'UID'],
  ] as const) {
    const [wanted, got] = [textAt(before, field), textAt(converted.metadata, field)];
    if (wanted !== got) throw new ConvertedError(`must have the same ${name}: ${wanted} != ${got}`);
  }
}

/** The converted object with the metadata of the original but for its labels and annotations. Throws a ConvertedError. */
export function restoreMetadata(original: KubeObject, converted: JsonObject): KubeObject {
  const { metadata: answered } = converted;
  if (answered === undefined) throw new ConvertedError('missing metadata in converted object');
  if (!isObject(answered)) throw new ConvertedError(`invalid metadata of type ${goType(answered)} in converted object`);
  const metadata = structuredClone(original.metadata ?? {}) as JsonObject;
  for (const field of ['labels', 'annotations'] as const) {
    const value = answered[field];
    if (value === undefined || value === null) delete metadata[field];
    else {
      checkTexts(field, value, metadata[field]);
      metadata[field] = value;
    }
  }
  return { ...converted, metadata } as KubeObject;
}

function checkTexts(field: 'labels' | 'annotations', value: Json, before: Json | undefined): void {
  if (!isObject(value))
    throw new ConvertedError(`invalid metadata.${field} of type ${goType(value)} in converted object`);
  for (const [key, text] of Object.entries(value))
    if (typeof text !== 'string')
      throw new ConvertedError(
        `metadata.${field}[${key}] must be a string, but is ${goType(text)} in converted object`,
      );
  if (JSON.stringify(value) === JSON.stringify(before)) return;
  const texts = value as Record<string, string>;
  const errors: FieldError[] =
    field === 'labels' ? validateLabels(texts, 'metadata.labels') : validateAnnotations(texts, 'metadata.annotation');
  const lines = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  if (lines.length > 0) throw new ConvertedError(lines.length === 1 ? lines[0]! : `[${lines.join(', ')}]`);
}

/** Upstream: %T of a decoded value. */
function goType(value: Json | undefined): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64';
}
