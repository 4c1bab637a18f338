/** Evaluates selections on projections, so that no list or watch ever parses an object. */
import type { FieldRequirement, LabelRequirement, ObjectKey, Projection, Selection } from './contract.ts';

export type Matcher = (key: ObjectKey, projection: Projection) => boolean;

/** True when the selection restricts by label or field, which is when a list page cannot know what remains. */
export function isFiltered(selection: Selection): boolean {
  return (selection.labels?.length ?? 0) > 0 || (selection.fields?.length ?? 0) > 0 || selection.owner !== undefined;
}

/** Whether `key` is in the resource and namespace of the selection, whatever its labels and fields. */
export function inScope(selection: Selection, key: ObjectKey): boolean {
  return (
    key.resource === selection.resource && (selection.namespace === undefined || key.namespace === selection.namespace)
  );
}

/** One function for everything a selection asks for; undefined projections never reach it. */
export function compileSelection(selection: Selection): Matcher {
  const labels = selection.labels ?? [];
  const fields = selection.fields ?? [];
  const { owner } = selection;
  if (labels.length === 0 && fields.length === 0 && owner === undefined) return (key) => inScope(selection, key);
  return (key, projection) =>
    inScope(selection, key) &&
    fields.every((requirement) => fieldMatches(requirement, key, projection)) &&
    labels.every((requirement) => labelMatches(requirement, projection.labels)) &&
    (owner === undefined || projection.owners.some((reference) => reference.uid === owner));
}

/** The value a field requirement compares; a field the object does not project is empty. */
export function fieldValue(field: string, key: ObjectKey, projection: Projection): string {
  if (field === 'metadata.name') return key.name;
  if (field === 'metadata.namespace') return key.namespace;
  return projection.fields[field] ?? '';
}

function fieldMatches(requirement: FieldRequirement, key: ObjectKey, projection: Projection): boolean {
  return (fieldValue(requirement.field, key, projection) === requirement.value) === (requirement.operator === '=');
}

/** Upstream: apimachinery/pkg/labels Requirement.Matches (an absent key satisfies notin). */
function labelMatches(requirement: LabelRequirement, labels: Record<string, string>): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'gt':
    case 'lt':
      return value !== undefined && compareIntegers(value, requirement);
  }
}

function compareIntegers(value: string, requirement: LabelRequirement): boolean {
  const limit = requirement.values[0] ?? '';
  if (!/^[-+]?\d+$/.test(value) || !/^[-+]?\d+$/.test(limit)) return false;
  const left = BigInt(value.replace('+', ''));
  const right = BigInt(limit.replace('+', ''));
  return requirement.operator === 'gt' ? left > right : left < right;
}
