import { sentEmpty } from '../machinery/explicit-empty.ts';
import type { ObjectMeta } from '../machinery/meta.ts';
import type { FieldError } from '../machinery/status.ts';
import { forbiddenError, validateAnnotations, validateLabels } from '../machinery/validation/index.ts';
import { objectSchema } from './schema.ts';

const ALLOWED: ReadonlySet<string> = new Set(['labels', 'annotations']);

/**
 * The metadata at `path` of what is made from a template with a name of its own: labels and annotations, no more.
 * Upstream: core/validation ValidateTemplateObjectMeta.
 */
export function validateTemplateMetadata(metadata: Partial<ObjectMeta> | undefined, path: string): FieldError[] {
  const given = metadata ?? {};
  const errors = [
    ...validateAnnotations(given.annotations ?? {}, `${path}.annotations`),
    ...validateLabels(given.labels ?? {}, `${path}.labels`),
  ];
  for (const { name } of objectSchema('meta/v1.ObjectMeta').fields.values())
    if (!ALLOWED.has(name) && isSet(given, name))
      errors.push(forbiddenError(`${path}.${name === 'uid' ? 'uID' : name}`, 'cannot be set'));
  return errors;
}

/** Whether a field differs from Go's zero value: an empty list does, an empty text does not. */
function isSet(metadata: Partial<ObjectMeta>, field: string): boolean {
  const value = (metadata as Record<string, unknown>)[field] ?? sentEmpty(metadata, field);
  return value !== null && value !== '' && (value !== 0 || field === 'deletionGracePeriodSeconds');
}
