/**
 * What schemas of definitions may say. Upstream: apiextensions/validation
 * ValidateCustomResourceDefinitionOpenAPISchema and specStandardValidatorV3.
 */
import type { FieldError } from '../../status.ts';
import { forbiddenError } from '../../validation/index.ts';
import type { JSONSchemaProps } from '../contract.ts';
import { invalidValue, unsupportedValue } from '../field-errors.ts';
import { child, hasDefault, isEmbedded, key } from '../schema-node.ts';
import { listErrors, mapTypeErrors, scalarKeyErrors } from './list-rules.ts';
import { ruleTextErrors } from './rule-texts.ts';

export const PROPERTY_TYPES: readonly string[] = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** The rules of one node, typed; undefined where no rules may stand or be checked. */
export interface RuleContext {
  ofProperty(schema: JSONSchemaProps, name: string): RuleContext;
  ofAdditional(schema: JSONSchemaProps): RuleContext;
  ofItems(schema: JSONSchemaProps): RuleContext;
  /** Faults of the rules of this node. `uncorrelated`: the path above that has no old value to compare with. */
  errors(path: string, uncorrelated: string | undefined): FieldError[];
}

/** What is let pass because the stored definition already had it. */
export interface OpenApiRulesOptions {
  requireValidPropertyType: boolean;
  requireAtomicSetType: boolean;
  requireMapListKeys: boolean;
}

interface Place {
  path: string;
  root: boolean;
  /** Why defaults are forbidden here. */
  noDefaults?: string;
  /** Inside of type or metadata of a whole object. */
  inMeta: boolean;
  uncorrelated?: string;
  rules: RuleContext | undefined;
}

interface Found {
  schema: FieldError[];
  rules: FieldError[];
}

/** All faults of a schema: those of its form first, then those of its rules. */
export function openApiErrors(
  schema: JSONSchemaProps,
  path: string,
  { options, rules }: { options: OpenApiRulesOptions; rules: RuleContext | undefined },
): FieldError[] {
  const found = new Walker(options).walk(schema, { path, root: true, inMeta: false, rules });
  return [...found.schema, ...found.rules];
}

const META = new Set(['metadata', 'kind', 'apiVersion']);

class Walker {
  readonly #options: OpenApiRulesOptions;

  constructor(options: OpenApiRulesOptions) {
    this.#options = options;
  }

  walk(schema: JSONSchemaProps, place: Place): Found {
    const { path } = place;
    const found: Found = { schema: [...this.#nodeErrors(schema, place)], rules: [] };
    this.#walkFields(schema, place, found);
    this.#walkJunctors(schema, place, found);
    this.#walkItems(schema, place, found);
    for (const [name, inner] of Object.entries(schema.dependencies ?? {}))
      if (!Array.isArray(inner)) this.#into(found, inner, bare(place, key(child(path, 'dependencies'), name)));
    if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
      const at = child(path, 'x-kubernetes-preserve-unknown-fields');
      found.schema.push(invalidValue(at, false, 'must be true or undefined'));
    }
    found.schema.push(...mapTypeErrors(schema, path), ...listErrors(schema, path, this.#options.requireAtomicSetType));
    if (this.#options.requireMapListKeys) found.schema.push(...scalarKeyErrors(schema, path));
    if ((schema['x-kubernetes-validations'] ?? []).length > 0) {
      found.schema.push(...ruleTextErrors(schema, path));
      // Types follow from a valid schema only.
      if (found.schema.length === 0 && place.rules !== undefined)
        found.rules.push(...place.rules.errors(path, place.uncorrelated));
    }
    return found;
  }

  #into(found: Found, schema: JSONSchemaProps, place: Place): void {
    const inner = this.walk(schema, place);
    found.schema.push(...inner.schema);
    found.rules.push(...inner.rules);
  }

  #walkFields(schema: JSONSchemaProps, place: Place, found: Found): void {
    const { path } = place;
    const properties = Object.entries(schema.properties ?? {});
    const { additionalProperties: additional } = schema;
    const at = child(path, 'additionalProperties');
    if (additional !== undefined && additional !== true && properties.length > 0)
      found.schema.push(forbiddenError(at, 'additionalProperties and properties are mutual exclusive'));
    if (typeof additional === 'object') {
      const rules = place.rules?.ofAdditional(additional);
      const noDefaults = place.inMeta ? 'inside additionalProperties applying to object metadata' : place.noDefaults;
      this.#into(found, additional, { ...place, path: at, root: false, rules, ...(noDefaults ? { noDefaults } : {}) });
    }
    for (const [name, inner] of properties) {
      const meta = (place.root || isEmbedded(schema)) && META.has(name);
      this.#into(found, inner, {
        ...place,
        path: key(child(path, 'properties'), name),
        root: false,
        inMeta: place.inMeta || meta,
        rules: place.rules?.ofProperty(inner, name),
        ...(meta && place.root ? { noDefaults: `in top-level ${name}` } : {}),
        ...uncorrelated(place, !isCorrelatable(schema)),
      });
    }
  }

  #walkJunctors(schema: JSONSchemaProps, place: Place, found: Found): void {
    const { path } = place;
    if (schema.not !== undefined) this.#into(found, schema.not, bare(place, child(path, 'not')));
    for (const name of ['allOf', 'oneOf', 'anyOf'] as const) {
      for (const [index, inner] of (schema[name] ?? []).entries())
        this.#into(found, inner, bare(place, `${child(path, name)}[${index}]`));
    }
    for (const [name, inner] of Object.entries(schema.definitions ?? {}))
      this.#into(found, inner, bare(place, key(child(path, 'definitions'), name)));
  }

  #walkItems(schema: JSONSchemaProps, place: Place, found: Found): void {
    const { items } = schema;
    if (items === undefined) return;
    const keyed = schema['x-kubernetes-list-type'] === 'map';
    const at = child(place.path, 'items');
    const into = (inner: JSONSchemaProps, path: string): void =>
      this.#into(found, inner, {
        ...place,
        path,
        root: false,
        rules: place.rules?.ofItems(inner),
        ...uncorrelated(place, !keyed),
      });
    if (Array.isArray(items)) for (const [index, inner] of items.entries()) into(inner, `${at}[${index}]`);
    else into(items, at);
  }

  *#nodeErrors(schema: JSONSchemaProps, { path, noDefaults, inMeta }: Place): Iterable<FieldError> {
    const at = (name: string): string => child(path, name);
    const { type } = schema;
    if (this.#options.requireValidPropertyType && type && !PROPERTY_TYPES.includes(type))
      yield unsupportedValue(at('type'), type, PROPERTY_TYPES);
    if (hasDefault(schema) && noDefaults !== undefined)
      yield forbiddenError(at('default'), `must not be set ${noDefaults}`);
    for (const [name, unsupported] of unsupportedParts(schema))
      if (unsupported) yield forbiddenError(at(name), `${name} is not supported`);
    if (type === 'null') yield forbiddenError(at('type'), 'type cannot be set to null, use nullable as an alternative');
    if (Array.isArray(schema.items) && schema.items.length > 0)
      yield forbiddenError(at('items'), 'items must be a schema object and not an array');
    if (inMeta && isEmbedded(schema))
      yield forbiddenError(at('x-kubernetes-embedded-resource'), 'must not be used inside of resource meta');
    if (schema.uniqueItems === true) {
      const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
      yield forbiddenError(at('uniqueItems'), why);
    }
  }
}

const unsupportedParts = (schema: JSONSchemaProps): [string, boolean][] => [
  ['id', Boolean(schema.id)],
  ['additionalItems', schema.additionalItems !== undefined],
  ['patternProperties', Object.keys(schema.patternProperties ?? {}).length > 0],
  ['definitions', Object.keys(schema.definitions ?? {}).length > 0],
  ['dependencies', schema.dependencies !== undefined],
  ['$ref', schema.$ref !== undefined],
];

/** Below junctors no rules are checked. */
const bare = (place: Place, path: string): Place => ({ ...place, path, root: false, rules: undefined });

/** Upstream: cel.MapIsCorrelatable. */
const isCorrelatable = (schema: JSONSchemaProps): boolean =>
  [undefined, 'granular', 'atomic'].includes(schema['x-kubernetes-map-type']);

/** The outermost place without old values stays the one that is named. */
const uncorrelated = (place: Place, here: boolean): { uncorrelated?: string } =>
  here && place.uncorrelated === undefined ? { uncorrelated: place.path } : {};
