/** Objects as the rows that kubectl prints. Upstream: registry/rest/table.go, handlers/response.go asTable. */
import type { Column } from '../../machinery/kind.ts';
import { apiVersionOf, type KubeObject, type ListMeta } from '../../machinery/meta.ts';
import { quote } from '../../machinery/quote.ts';
import { badRequest } from '../../machinery/status.ts';
import type { Output } from '../negotiation/accept.ts';
import type { ResourceCall } from '../scope.ts';
import { partialMetadata } from './partial.ts';

export interface TableInput {
  objects: readonly KubeObject[];
  output: Output;
  listMeta: ListMeta;
  /** Left out after the first event of a watch. */
  columns?: boolean;
}

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
export function tableOf(call: ResourceCall, { objects, output, listMeta, columns = true }: TableInput): object {
  const include = includeObjectOf(call);
  const now = call.parts.options.clock.now();
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${output.metaVersion}`,
    metadata: listMeta,
    columnDefinitions: columns ? call.kind.columns.map(columnDefinition) : null,
    rows: objects.map((object) => ({
      cells: call.kind.cells(object, now),
      ...(include === 'None'
        ? { object: null }
        : { object: include === 'Metadata' ? partialMetadata(object, output.metaVersion) : typed(call, object) }),
    })),
  };
}

function typed(call: ResourceCall, object: KubeObject): KubeObject {
  return { ...object, kind: call.kind.kind, apiVersion: apiVersionOf(call.kind.group, call.kind.version) };
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
