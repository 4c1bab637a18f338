/** Whether a definition may be stored. Upstream: apiextensions/validation/validation.go. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  hasNonAtomicItems,
  hasUnprunedDefaults,
  invalidValue,
  isKnownFormat,
  type JSONSchemaProps,
  PROPERTY_TYPES,
  scalarKeyErrors,
  schemaErrors,
  someSchema,
  structuralErrors,
  unknownFormats,
  unsupportedPart,
} from '../../../machinery/structural/index.ts';
import { dns1035Label, dns1123Subdomain, invalidError, requiredError } from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  SelectableField,
} from '../../generated/types/apiextensions-v1.ts';
import { objectSchema } from '../../schema.ts';
import { approvalErrors } from './approval.ts';
import { type ConversionOptions, conversionErrors, conversionOptions } from './conversion-rules.ts';
import {
  choiceErrors,
  columnErrors,
  deprecationErrors,
  MAX_SELECTABLE_FIELDS,
  nameErrors,
  selectableFieldErrors,
  storedVersionErrors,
  subresourceErrors,
} from './definition-parts.ts';
import { type InternalSpec, internalSpec, shownVersions, type VersionParts } from './internal-definition.ts';

/** Faults of a new definition. */
export const validateDefinition = (definition: CustomResourceDefinition): FieldError[] => [
  ...objectNameErrors(definition),
  ...commonErrors(definition),
];

/** Faults of a changed definition; what the stored one had wrong already may stay. */
export function validateDefinitionUpdate(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] {
  return commonErrors(definition, old);
}

/** Faults of a changed status. */
export const validateDefinitionStatus = ({ status }: CustomResourceDefinition): FieldError[] =>
  status?.acceptedNames ? nameErrors(status.acceptedNames, 'status.acceptedNames') : [];

/** Formats that no value will be checked against, but for those that `old` has as well. */
export function formatWarnings(definition: CustomResourceDefinition, old?: CustomResourceDefinition): string[] {
  const formatsOf = (one: CustomResourceDefinition): string[] => {
    const spec = internalSpec(one.spec);
    return [spec, ...spec.versions].flatMap((part) => unknownFormats(part.schema?.openAPIV3Schema, isKnownFormat));
  };
  const before = new Set(old ? formatsOf(old) : []);
  return formatsOf(definition)
    .filter((format) => !before.has(format))
    .map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function objectNameErrors({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const faults = (name: string, masked = name): string[] => [
    ...dns1123Subdomain(masked),
    ...(name === `${spec.names.plural}.${spec.group}` ? [] : ['must be spec.names.plural+"."+spec.group']),
  ];
  const { name, generateName } = metadata;
  const masked = generateName?.replace(/.-$/, 'a');
  return [
    ...(generateName
      ? faults(generateName, masked).map((why) => invalidError('metadata.generateName', generateName, why))
      : []),
    ...(name ? faults(name).map((why) => invalidError('metadata.name', name, why)) : []),
  ];
}

function commonErrors(definition: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  const spec = internalSpec(definition.spec);
  return [
    ...new SpecRules(spec, old).errors(),
    ...validateDefinitionStatus(definition),
    ...storedVersionErrors(definition.status?.storedVersions, definition.spec.versions ?? [], 'status.storedVersions'),
    ...approvalErrors(definition, old),
    ...preserveErrors(definition, old),
  ];
}

function preserveErrors({ spec }: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  if (spec.preserveUnknownFields !== true || old?.spec.preserveUnknownFields === true) return [];
  const why = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  return [invalidError('spec.preserveUnknownFields', true, why)];
}

const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') === true;

const EXTENSIONS = [
  'x-kubernetes-embedded-resource',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-validations',
] as const;

/** One pass over a spec, with what an update may keep. */
class SpecRules {
  readonly #spec: InternalSpec;
  readonly #given: CustomResourceDefinitionSpec;
  readonly #old: CustomResourceDefinition | undefined;
  readonly #schemas: readonly JSONSchemaProps[];
  readonly #oldSchemas: readonly JSONSchemaProps[];
  readonly #conversion: ConversionOptions;
  readonly #established: boolean;

  constructor(spec: InternalSpec, old: CustomResourceDefinition | undefined) {
    this.#spec = spec;
    this.#given = spec.given;
    this.#old = old;
    this.#schemas = schemasOf(spec.given);
    this.#oldSchemas = old ? schemasOf(old.spec) : [];
    this.#established = old !== undefined && isEstablished(old);
    this.#conversion = conversionOptions(old, this.#established);
  }

  errors(): FieldError[] {
    return [
      ...this.#groupErrors(),
      ...choiceErrors('spec.scope', this.#given.scope, ['Cluster', 'Namespaced']),
      ...this.#missingSchemaErrors(),
      ...this.#versionErrors(),
      ...this.#nameErrors(),
      ...this.#partErrors(this.#spec, 'spec'),
      ...this.#conversionErrors(),
      ...this.#immutableErrors(),
    ];
  }

  #groupErrors(): FieldError[] {
    const { group } = this.#given;
    if (group === '') return [requiredError('spec.group')];
    const faults = dns1123Subdomain(group);
    if (faults.length > 0) return [invalidError('spec.group', group, faults.join(','))];
    return group.includes('.') ? [] : [invalidError('spec.group', group, 'should be a domain with at least one dot')];
  }

  #missingSchemaErrors(): FieldError[] {
    const errors: FieldError[] = [];
    const oldVersions = this.#old?.spec.versions ?? [];
    const required = oldVersions.every((version) => version.schema?.openAPIV3Schema !== undefined);
    if (this.#spec.schema?.openAPIV3Schema === undefined) {
      for (const [index, { schema, given }] of this.#spec.versions.entries()) {
        if (schema?.openAPIV3Schema !== undefined) continue;
        const path = `spec.versions[${index}].schema.openAPIV3Schema`;
        if (required) errors.push(requiredError(path));
        else if (!this.#preserves && given.served)
          errors.push(requiredError(path, 'because otherwise all fields are pruned'));
      }
    }
    const defaults = this.#some((schema) => schema.default !== undefined && schema.default !== null);
    if (defaults && this.#preserves) {
      const why = 'must be false in order to use defaults in the schema';
      errors.push(invalidError('spec.preserveUnknownFields', true, why));
    }
    return errors;
  }

  #versionErrors(): FieldError[] {
    const errors: FieldError[] = [];
    for (const [index, version] of this.#spec.versions.entries()) {
      const path = `spec.versions[${index}]`;
      const { name, deprecated, deprecationWarning } = version.given;
      const faults = dns1035Label(name);
      if (faults.length > 0) errors.push(invalidError(`${path}.name`, name, faults.join(',')));
      errors.push(...deprecationErrors(deprecated === true, deprecationWarning, `${path}.deprecationWarning`));
      errors.push(...this.#partErrors(version, path, name));
    }
    const names = this.#spec.versions.map(({ given }) => given.name);
    const bad = (why: string): number => errors.push(invalidValue('spec.versions', shownVersions(this.#spec), why));
    if (new Set(names).size < names.length) bad('must contain unique version names');
    if (this.#spec.versions.filter(({ given }) => given.storage).length !== 1)
      bad('must have exactly one version marked as storage version');
    const faults = names[0] ? dns1035Label(names[0]) : [];
    if (faults.length > 0) errors.push(invalidError('spec.version', names[0], faults.join(',')));
    return errors;
  }

  #nameErrors(): FieldError[] {
    const { names } = this.#given;
    const missing = (['plural', 'singular', 'kind', 'listKind'] as const).filter((name) => !names[name]);
    return [...missing.map((name) => requiredError(`spec.names.${name}`)), ...nameErrors(names, 'spec.names')];
  }

  /** What a version, or all of them alike, say of their objects. `version`: its name, for one alone. */
  #partErrors(parts: VersionParts, path: string, version?: string): FieldError[] {
    const top = version === undefined;
    const errors: FieldError[] = [];
    const schema = parts.schema?.openAPIV3Schema;
    if (schema !== undefined) errors.push(...this.#schemaErrors(schema, path, version));
    errors.push(...subresourceErrors(parts.subresources, `${path}.subresources`));
    for (const [index, column] of (parts.columns ?? []).entries())
      errors.push(...columnErrors(column, `${path}.additionalPrinterColumns[${index}]`));
    const fields = parts.selectableFields;
    if (fields === undefined) return errors;
    const at = `${path}.selectableFields`;
    if (schema === undefined) {
      const why = top
        ? 'may only be set when validations.schema is included'
        : 'may only be set when `version.schema.openAPIV3Schema` is not included';
      return [...errors, invalidError(at, '', why)];
    }
    const unsupported = unsupportedPart(schema);
    if (unsupported !== undefined) errors.push(invalidError(`${path}.schema.openAPIV3Schema`, '', unsupported));
    const known = unsupported === undefined ? schema : {};
    return [...errors, ...selectableFieldErrors(fields, known, { path: at, mayBeMany: this.#mayBeMany(version) })];
  }

  #schemaErrors(schema: JSONSchemaProps, path: string, version: string | undefined): FieldError[] {
    const { versions } = this.#spec;
    const index = version === undefined ? 0 : versions.findIndex(({ given }) => given.name === version);
    const own = (this.#given.versions ?? [])[index];
    const hasStatus =
      version === undefined
        ? (this.#given.versions ?? []).some((one) => one.subresources?.status !== undefined)
        : own?.subresources?.status !== undefined;
    const old = this.#old?.spec.versions?.find((one) => one.name === own?.name);
    const wasFine = (test: (schema: JSONSchemaProps) => boolean): boolean =>
      !this.#oldSchemas.some((one) => someSchema(one, test));
    return schemaErrors(schema, `${path}.${version === undefined ? 'validation' : 'schema'}`, {
      metadata: objectSchema('meta/v1.ObjectMeta'),
      status: hasStatus,
      requireStructural: this.#requiresStructural(),
      requirePrunedDefaults: !this.#oldSchemas.some(hasUnprunedDefaults),
      unchanged: old !== undefined && equalJson(old.schema, own?.schema),
      requireValidPropertyType: wasFine(({ type }) => Boolean(type) && !PROPERTY_TYPES.includes(type ?? '')),
      requireAtomicSetType: wasFine(hasNonAtomicItems),
      requireMapListKeys: wasFine((one) => scalarKeyErrors(one, '').length > 0),
    });
  }

  get #preserves(): boolean {
    return this.#given.preserveUnknownFields === true;
  }

  #some(test: (schema: JSONSchemaProps) => boolean): boolean {
    return this.#schemas.some((schema) => someSchema(schema, test));
  }

  #requiresStructural(): boolean {
    const unstructured = (schema: JSONSchemaProps): boolean =>
      unsupportedPart(schema) !== undefined || structuralErrors(schema, '').length > 0;
    if (!this.#preserves || !this.#oldSchemas.some(unstructured)) return true;
    return this.#some(
      (schema) =>
        (schema.default !== undefined && schema.default !== null) ||
        EXTENSIONS.some((name) => schema[name] !== undefined),
    );
  }

  /** Too many selectable fields may stay as they are. */
  #mayBeMany(version: string | undefined): boolean {
    const many = (fields: SelectableField[] | undefined, now: SelectableField[] | undefined): boolean =>
      (fields?.length ?? 0) > MAX_SELECTABLE_FIELDS && equalJson(fields, now);
    if (this.#old === undefined) return false;
    const before = internalSpec(this.#old.spec);
    if (version === undefined) return many(before.selectableFields, this.#spec.selectableFields);
    const named = (one: InternalSpec): VersionParts | undefined =>
      one.versions.find(({ given }) => given.name === version);
    return many(named(before)?.selectableFields, named(this.#spec)?.selectableFields);
  }

  #conversionErrors(): FieldError[] {
    const { conversion } = this.#given;
    const errors = conversionErrors(conversion, 'spec.conversion', this.#conversion);
    if (conversion === undefined || conversion.strategy === 'None' || !this.#preserves) return errors;
    const why = 'must be None if spec.preserveUnknownFields is true';
    return [invalidError('spec.conversion.strategy', conversion.strategy, why), ...errors];
  }

  #immutableErrors(): FieldError[] {
    const old = this.#old?.spec;
    if (old === undefined) return [];
    const fixed = (path: string, now: string, before: string): FieldError[] =>
      now === before ? [] : [invalidError(path, now, 'field is immutable')];
    const { scope, group, names } = this.#given;
    return [
      ...(this.#established ? fixed('spec.scope', scope, old.scope) : []),
      ...(this.#established ? fixed('spec.names.kind', names.kind, old.names.kind) : []),
      ...fixed('spec.group', group, old.group),
      ...fixed('spec.names.plural', names.plural, old.names.plural),
    ];
  }
}

const schemasOf = (spec: CustomResourceDefinitionSpec): JSONSchemaProps[] =>
  (spec.versions ?? []).flatMap(({ schema }) =>
    schema?.openAPIV3Schema ? [schema.openAPIV3Schema as JSONSchemaProps] : [],
  );
