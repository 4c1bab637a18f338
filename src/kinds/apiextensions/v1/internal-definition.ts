/**
 * Definitions in the form upstream validates them: what all versions say alike stands at the top and not in the
 * versions, and paths of errors follow. Upstream: apiextensions/v1/conversion.go.
 */
import { sentEmpty } from '../../../machinery/explicit-empty.ts';
import { GoStruct, internalSchema, type JSONSchemaProps } from '../../../machinery/structural/index.ts';
import { equalJson } from '../../equal-json.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  SelectableField,
} from '../../generated/types/apiextensions-v1.ts';

/** What a version says of its objects. */
export interface VersionParts {
  schema?: { openAPIV3Schema?: JSONSchemaProps };
  subresources?: CustomResourceSubresources;
  columns?: CustomResourceColumnDefinition[];
  selectableFields?: SelectableField[];
}

export interface InternalVersion extends VersionParts {
  readonly given: CustomResourceDefinitionVersion;
}

export interface InternalSpec extends VersionParts {
  readonly given: CustomResourceDefinitionSpec;
  readonly versions: readonly InternalVersion[];
}

const partsOf = (version: CustomResourceDefinitionVersion): VersionParts => ({
  ...(version.schema ? { schema: version.schema as NonNullable<VersionParts['schema']> } : {}),
  ...(version.subresources ? { subresources: version.subresources } : {}),
  ...(version.additionalPrinterColumns?.length ? { columns: version.additionalPrinterColumns } : {}),
  ...(version.selectableFields?.length ? { selectableFields: version.selectableFields } : {}),
});

export function internalSpec(spec: CustomResourceDefinitionSpec): InternalSpec {
  const given = spec.versions ?? [];
  const parts = given.map(partsOf);
  const top: VersionParts = {};
  for (const name of ['schema', 'subresources', 'columns', 'selectableFields'] as const) {
    const [first] = parts;
    if (first === undefined || !parts.every((version) => equalJson(version[name], first[name]))) continue;
    Object.assign(top, first[name] === undefined ? {} : { [name]: first[name] });
    for (const version of parts) delete version[name];
  }
  return { ...top, given: spec, versions: given.map((version, index) => ({ ...parts[index], given: version })) };
}

/** The versions as messages show them. */
export function shownVersions({ given, versions }: InternalSpec): unknown {
  if (given.versions === undefined || given.versions === null) return sentEmpty(given, 'versions');
  return versions.map(
    ({ given: version, schema, subresources, columns, selectableFields }) =>
      new GoStruct({
        Name: version.name,
        Served: version.served,
        Storage: version.storage,
        Deprecated: version.deprecated ?? false,
        DeprecationWarning: version.deprecationWarning ?? null,
        Schema: schema
          ? new GoStruct({
              OpenAPIV3Schema: schema.openAPIV3Schema ? internalSchema(schema.openAPIV3Schema) : null,
            })
          : null,
        Subresources: subresources ? shownSubresources(subresources) : null,
        AdditionalPrinterColumns: columns?.map(shownColumn) ?? null,
        SelectableFields: selectableFields?.map((field) => new GoStruct({ JSONPath: field.jsonPath })) ?? null,
      }),
  );
}

const shownSubresources = ({ status, scale }: CustomResourceSubresources): GoStruct =>
  new GoStruct({
    Status: status ? new GoStruct({}) : null,
    Scale: scale
      ? new GoStruct({
          SpecReplicasPath: scale.specReplicasPath,
          StatusReplicasPath: scale.statusReplicasPath,
          LabelSelectorPath: scale.labelSelectorPath ?? null,
        })
      : null,
  });

const shownColumn = (column: CustomResourceColumnDefinition): GoStruct =>
  new GoStruct({
    Name: column.name,
    Type: column.type,
    Format: column.format ?? '',
    Description: column.description ?? '',
    Priority: column.priority ?? 0,
    JSONPath: column.jsonPath,
  });
