/** Objects as the rows that kubectl prints. Upstream: registry/rest/table.go, handlers/response.go asTable. */
import type { Column, Kind } from '../../machinery/kind.ts';
import { apiVersionOf, type KubeObject, type ListMeta } from '../../machinery/meta.ts';
import { quote } from '../../machinery/quote.ts';
import { badRequest } from '../../machinery/status.ts';
import type { Output } from '../negotiation/accept.ts';
import type { ResourceCall } from '../scope.ts';
import { partialMetadata } from './partial.ts';

export interface TableInput {
  objects: readonly KubeObject[];
  /** The rows, where they were made before. */
  rows?: readonly object[];
  output: Output;
  listMeta: ListMeta;
  /** Left out after the first event of a watch. */
  columns?: boolean;
  /** How rows are made where the objects are not of the call's kind. */
  form?: TableForm;
}

/** What the rows of a type show, and the type that whole objects in them name. */
export interface TableForm
  extends Pick<Kind, 'columns' | 'cells' | 'rowConditions' | 'group' | 'version' | 'kind' | 'carriers'> {}

type Include = 'None' | 'Metadata' | 'Object';

/** Which part of each object rides along. Throws 400. */
export function includeObjectOf(call: ResourceCall): Include {
  const value = call.scope.query.get('includeObject') ?? '';
  if (value === '' || value === 'Metadata') return 'Metadata';
  if (value === 'None' || value === 'Object') return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${quote(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** A Table of meta.k8s.io. */
export function tableOf(call: ResourceCall, input: TableInput): object {
  const { output, listMeta, columns = true, form = call.kind } = input;
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${output.metaVersion}`,
    metadata: listMeta,
    columnDefinitions: columns ? form.columns.map(columnDefinition) : null,
    rows: rowsOrNull(form, input.rows ?? rowsOf(call, input)),
  };
}

/** The rows of kinds without columns of their own are no list at all where there are none. */
const rowsOrNull = ({ columns }: TableForm, rows: readonly object[]): readonly object[] | null =>
  rows.length === 0 && columns.some(({ name }) => name === 'Created At') ? null : rows;

/** The rows of objects, which are far smaller than they. */
export function rowsOf(call: ResourceCall, input: Pick<TableInput, 'objects' | 'output' | 'form'>): object[] {
  const { objects, output, form = call.kind } = input;
  const include = includeObjectOf(call);
  const now = call.parts.options.clock.now();
  return objects.map((object) => ({
    cells: form.cells(object, now),
    ...conditionsOf(form, object),
    object: shownObject(object, include, { form, output }),
  }));
}

/** What rides along in a row. The bookmark that ends what was there is always told by its metadata. */
function shownObject(
  object: KubeObject,
  include: Include,
  { form, output }: { form: TableForm; output: Output },
): object | null {
  if (include === 'Object') return typed(form, object);
  const ends = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
  return include === 'Metadata' || ends ? partialMetadata(object, { version: output.metaVersion, kind: form }) : null;
}

function conditionsOf(form: TableForm, object: KubeObject): object {
  const conditions = form.rowConditions?.(object) ?? [];
  return conditions.length > 0 ? { conditions } : {};
}

function typed(form: TableForm, object: KubeObject): KubeObject {
  return { ...object, kind: form.kind, apiVersion: apiVersionOf(form.group, form.version) };
}

function columnDefinition(column: Column): object {
  return {
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description ?? '',
    priority: column.priority ?? 0,
  };
}
