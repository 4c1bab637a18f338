/** Custom resources as the `Kind` values that built-in kinds are. Upstream: apiextensions-apiserver registry/customresource. */
import type { CustomDefinition, Kind, Strategy, SubresourceDefinition, Verb } from '../../machinery/kind.ts';
import type { CompileStructural, CustomSchema, JSONSchemaProps } from '../../machinery/structural/index.ts';
import { equalJson } from '../equal-json.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../generated/types/apiextensions-v1.ts';
import { objectSchema } from '../schema.ts';
import { customColumns } from './columns.ts';
import type { DefinitionRecord, VersionRecord } from './definition-record.ts';
import { fieldsOfVersion, readSelectable, selectableFields } from './selectable-fields.ts';
import { customDefinition, type DefinitionParts, storageForms } from './storage-forms.ts';

const VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
/** What discovery offers of a definition that is being deleted. */
const TERMINATING_VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch'];
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];

/** What a kind needs besides its record. */
export interface CustomKindOptions {
  record: DefinitionRecord;
  definition: CustomResourceDefinition;
  compile: CompileStructural;
}

/** All versions of one definition, each made on first use. */
export interface CustomKinds {
  readonly record: DefinitionRecord;
  /** Undefined for versions that are not served. */
  version(name: string): Kind | undefined;
  /** The kind of the version that is stored, served or not. */
  stored(): Kind;
}

/** The kinds of a definition that was read as a whole. */
export function createCustomKinds(options: CustomKindOptions): CustomKinds {
  const { record, definition, compile } = options;
  const given = definition.spec.versions ?? [];
  const schemas = new Map<string, CustomSchema>();
  const kinds = new Map<string, Kind>();
  const schemaOf = (name: string): CustomSchema | undefined => {
    const known = schemas.get(name);
    if (known) return known;
    const version = given.find((candidate) => candidate.name === name);
    if (!version) return undefined;
    const { scale } = version.subresources ?? {};
    const schema = compile(version.schema?.openAPIV3Schema as JSONSchemaProps | undefined, {
      ...{ group: record.group, version: name, kind: record.names.kind, namespaced: record.namespaced },
      metadata: objectSchema('meta/v1.ObjectMeta'),
      ...(definition.spec.preserveUnknownFields ? { preserveUnknownFields: true } : {}),
      ...(scale ? { scale } : {}),
    });
    schemas.set(name, schema);
    return schema;
  };
  const kindOf = (name: string): Kind | undefined => {
    const known = kinds.get(name);
    if (known) return known;
    const version = given.find((candidate) => candidate.name === name);
    const kept = record.versions.find((candidate) => candidate.name === name);
    if (!version || !kept) return undefined;
    const kind = customKind({ parts, shared, version, kept });
    kinds.set(name, kind);
    return kind;
  };
  const parts: DefinitionParts = { record, definition, schemaOf, kindOf };
  const shared = customDefinition(parts);
  const served = (name: string): Kind | undefined =>
    record.versions.some((version) => version.name === name && version.served) ? kindOf(name) : undefined;
  return { record, version: served, stored: () => kindOf(record.storageVersion)! };
}

interface VersionOptions {
  parts: DefinitionParts;
  shared: CustomDefinition;
  version: CustomResourceDefinitionVersion;
  kept: VersionRecord;
}

function customKind(options: VersionOptions): Kind {
  const { parts, shared, version, kept } = options;
  const { record, definition } = parts;
  const given = definition.spec.versions ?? [];
  const preserveUnknownFields = definition.spec.preserveUnknownFields === true;
  const schema = parts.schemaOf(version.name)!;
  const status = kept.status ? statusStrategy(schema) : undefined;
  const { columns, cells } = customColumns(version.additionalPrinterColumns);
  const forms = storageForms(parts, version.name, shared);
  return {
    ...factsOf(record, kept),
    verbs: VERBS,
    subresources: subresourcesOf(record, kept, status),
    get schema() {
      return schema.schema;
    },
    strategy: mainStrategy(schema, kept.status),
    ...(status ? { statusStrategy: status } : {}),
    defaults: (object) => schema.applyDefaults(object),
    ...forms,
    selectableFields: selectableFields(version),
    ...(shared.webhook
      ? fieldsOfVersion(version)
      : { fieldsOf: (object) => readSelectable(given, forms.toStorage?.(object) ?? object) }),
    columns,
    cells,
    inVersion: parts.kindOf,
    definition: shared,
    published: { props: version.schema?.openAPIV3Schema as JSONSchemaProps | undefined, preserveUnknownFields },
    ...(kept.deprecationWarning === undefined ? {} : { warnings: [kept.deprecationWarning] }),
  };
}

/** The kinds of all served versions as discovery shows them; their schemas are not there. */
export function discoveredKinds(record: DefinitionRecord): Kind[] {
  return record.versions
    .filter((version) => version.served)
    .map((version) => ({
      ...factsOf(record, version),
      verbs: record.terminating ? TERMINATING_VERBS : VERBS,
      subresources: subresourcesOf(record, version, undefined),
      get schema(): never {
        throw new Error(`the schema of ${record.metadata.name} is not loaded`);
      },
      strategy: {},
      selectableFields: [],
      columns: [],
      cells: () => [],
    }));
}

function factsOf(record: DefinitionRecord, version: VersionRecord) {
  const { names, group } = record;
  return {
    group,
    version: version.name,
    kind: names.kind,
    resource: names.plural,
    namespaced: record.namespaced,
    listKind: names.listKind ?? `${names.kind}List`,
    singular: names.singular ?? '',
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    preferredVersion: false,
    storedAs: `${names.plural}.${group}`,
    stored: true,
    storageVersion: `${group}/${record.storageVersion}`,
    storageVersionHash: record.storageVersionHash,
    nameRule: 'dns1123Subdomain' as const,
    generation: { onCreate: 1, onSpecChange: 0, onMetadataChange: 0 },
    allowCreateOnUpdate: false,
    allowUnconditionalUpdate: false,
    delete: { returns: 'Status' as const },
    itemsCarryType: true,
    revision: `${record.metadata.uid}/${record.generation}/${JSON.stringify(names)}`,
    cached: false,
    indexedFields: [],
  };
}

function subresourcesOf(
  record: DefinitionRecord,
  version: VersionRecord,
  strategy: Strategy | undefined,
): SubresourceDefinition[] {
  const list: SubresourceDefinition[] = [];
  if (version.status)
    list.push({
      ...{ name: 'status', kind: record.names.kind, verbs: SUBRESOURCE_VERBS },
      ...{ group: record.group, version: version.name },
      ...(strategy ? { strategy } : {}),
    });
  if (version.scale) {
    const { specReplicasPath, statusReplicasPath, labelSelectorPath } = version.scale;
    list.push({
      ...{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: SUBRESOURCE_VERBS },
      scale: {
        specReplicas: specReplicasPath,
        statusReplicas: statusReplicasPath,
        ...(labelSelectorPath ? { labelSelector: labelSelectorPath } : {}),
        inVersions: record.versions.flatMap(({ name, scale }): [string, string][] =>
          scale ? [[`${record.group}/${name}`, scale.specReplicasPath]] : [],
        ),
      },
    });
  }
  return list;
}

/** Upstream: registry/customresource/strategy.go. */
function mainStrategy(schema: CustomSchema, hasStatus: boolean): Strategy {
  return {
    prepareForCreate(object) {
      if (hasStatus) delete object.status;
    },
    validateCreate: (object) => schema.validateCreate(object),
    warningsOnCreate: (object) => schema.warnings(object),
    prepareForUpdate(object, old) {
      if (hasStatus) {
        if (old.status === undefined) delete object.status;
        else object.status = old.status;
      }
      // Whatever is not metadata counts, a status without a subresource of its own too.
      if (!equalJson({ ...object, metadata: undefined }, { ...old, metadata: undefined }))
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (object, old, context) => schema.validateUpdate(object, old, context.warn),
    warningsOnUpdate: (object, old) => schema.warnings(object, old),
  };
}

/** Upstream: registry/customresource/status_strategy.go. */
function statusStrategy(schema: CustomSchema): Strategy {
  return {
    prepareForUpdate(object, old) {
      const { status } = object;
      const { managedFields, resourceVersion } = object.metadata;
      for (const field of Object.keys(object)) delete object[field];
      Object.assign(object, structuredClone(old));
      if (managedFields === undefined) delete object.metadata.managedFields;
      else object.metadata.managedFields = managedFields;
      if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion;
      if (status === undefined) delete object.status;
      else object.status = status;
    },
    validateUpdate: (object, old, context) => schema.validateStatusUpdate(object, old, context.warn),
    resetFields: ['metadata'],
  };
}
