/** Table rows of custom resources. Upstream: apiextensions-apiserver tableconvertor.go. */
import { formatAge } from '../../machinery/age.ts';
import { goJson } from '../../machinery/apply/field-set.ts';
import { compileJsonPath, type JsonPath } from '../../machinery/json-path.ts';
import type { Column } from '../../machinery/kind.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import { columnDescription } from '../column-descriptions.ts';
import type { CustomResourceColumnDefinition } from '../generated/types/apiextensions-v1.ts';

export interface CustomColumns {
  columns: Column[];
  cells(object: KubeObject, now: number): unknown[];
}

/** What a version without columns of its own shows besides the name. */
const AGE: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: columnDescription('', 0, 'Age'),
  jsonPath: '.metadata.creationTimestamp',
};

/** The name, then the given columns; a path that cannot be read ends the list before it. */
export function customColumns(given: readonly CustomResourceColumnDefinition[] | undefined): CustomColumns {
  const columns: Column[] = [
    { name: 'Name', type: 'string', format: 'name', description: columnDescription('', 0, 'Name') },
  ];
  const readers: ((object: KubeObject, now: number) => unknown)[] = [];
  for (const column of given?.length ? given : [AGE]) {
    const path = compileJsonPath(column.jsonPath);
    if (path === undefined) break;
    columns.push({
      name: column.name,
      type: column.type,
      format: column.format ?? '',
      description: column.description || `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
      priority: column.priority ?? 0,
    });
    readers.push(readerOf(path, column.type));
  }
  return {
    columns,
    cells: (object, now) => [object.metadata.name ?? '', ...readers.map((read) => read(object, now))],
  };
}

/** What the scale of a custom resource shows. Upstream: apiserver/helpers.go getScaleColumnsForVersion. */
export const customScaleColumns = (): CustomColumns =>
  customColumns([
    { name: 'Desired', type: 'integer', description: 'Number of desired replicas', jsonPath: '.spec.replicas' },
    { name: 'Available', type: 'integer', description: 'Number of actual replicas', jsonPath: '.status.replicas' },
    AGE,
  ]);

function readerOf(path: JsonPath, type: string): (object: KubeObject, now: number) => unknown {
  return (object, now) => {
    const found = path(object);
    if (found.length === 0) return null;
    const [value] = found;
    return type === 'string' ? printed(value) : cellOf(type, value, now);
  };
}

/** A value as JSONPath templates print it. Upstream: client-go/util/jsonpath PrintResults. */
function printed(value: unknown): string {
  if (value === null || value === undefined) return '<no value>';
  return typeof value === 'object' ? goJson(sortedKeys(value)) : String(value);
}

/** Go writes the members of maps in the order of their names. */
function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sortedKeys(member)]));
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function cellOf(type: string, value: unknown, now: number): unknown {
  switch (type) {
    case 'integer':
      return typeof value === 'bigint' ? value : typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      if (typeof value !== 'string') return null;
      return value === '' || (RFC3339.test(value) && !Number.isNaN(Date.parse(value)))
        ? formatAge(value, now)
        : '<invalid>';
    default:
      return null;
  }
}
