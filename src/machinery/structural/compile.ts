/** The schema of one version of a custom resource, compiled from its definition. */

import { DecodeError } from '../fields/index.ts';
import type { KubeObject } from '../meta.ts';
import { setMember } from '../own-member.ts';
import { RegexpLimitError } from '../regexp/index.ts';
import type { ObjectSchema } from '../schema.ts';
import type { FieldError } from '../status.ts';
import { validateGenericMeta, validateGenericMetaUpdate } from '../validation/index.ts';
import type { CustomSchema, DecodedResource, JSONSchemaProps, StructuralOptions } from './contract.ts';
import { applyDefaults, hasDefaults } from './defaulting.ts';
import { coerceEmbedded, coerceMetadata, EmbeddedError, hasEmbedded, validateEmbedded } from './embedded.ts';
import { invalidValue, NO_PATH } from './field-errors.ts';
import { finalizerWarnings } from './finalizer-warnings.ts';
import { validateListTypes } from './list-types.ts';
import { pruneNulls, pruneValue } from './pruning.ts';
import { RuleBudget } from './rules/budget.ts';
import { evaluateRules } from './rules/evaluate.ts';
import { RuleNode } from './rules/rule-node.ts';
import { validateScaleSpec, validateScaleStatus } from './scale-values.ts';
import { isMap, type JsonMap, propertyOf } from './schema-node.ts';
import { rootSchema } from './to-schema.ts';
import { Correlation } from './values/correlation.ts';
import { fieldErrorsOf } from './values/faults.ts';
import { TooExpensiveError, validateValue } from './values/validate.ts';

/** Compiles the schema of a version; undefined for a version that has none and so keeps everything. */
export const compileStructural = (props: JSONSchemaProps | undefined, options: StructuralOptions): CustomSchema =>
  new CompiledSchema(props, options);

/** What an object replaces, and who is told of what passes only because it did not change. */
interface Change {
  old?: KubeObject | undefined;
  warn?: ((text: string) => void) | undefined;
}

/** Upstream: hasBlockingErr. */
const BLOCKING: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const UNCHECKED =
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

class CompiledSchema implements CustomSchema {
  readonly props: JSONSchemaProps;
  readonly options: StructuralOptions;
  readonly schema: ObjectSchema;
  readonly #given: boolean;
  #defaults: boolean | undefined;
  #embedded: boolean | undefined;
  #rules: RuleNode | undefined | null = null;

  constructor(props: JSONSchemaProps | undefined, options: StructuralOptions) {
    this.#given = props !== undefined;
    this.props = props ?? {};
    this.options = options;
    this.schema = rootSchema(props, {
      metadata: options.metadata,
      open: options.preserveUnknownFields === true,
      decode: (json, merged) => guardDepth(() => this.#coerce(json, { nulls: merged })),
    });
  }

  decode(json: unknown): DecodedResource {
    return guardDepth(() => this.#coerce(json));
  }

  fromStorage(object: KubeObject): KubeObject {
    const out = guardDepth(() => this.#coerce(object, { dropInvalid: true })).object;
    this.applyDefaults(out);
    return out;
  }

  applyDefaults(object: KubeObject): void {
    this.#defaults ??= hasDefaults(this.props);
    if (this.#defaults) applyDefaults(object, this.props);
  }

  validateCreate(object: KubeObject): FieldError[] {
    return this.#typeErrors(object) ?? guardCost(() => this.#validate(object));
  }

  validateUpdate(object: KubeObject, old: KubeObject, warn?: (text: string) => void): FieldError[] {
    return this.#typeErrors(object) ?? guardCost(() => this.#validate(object, { old, warn }));
  }

  validateStatusUpdate(object: KubeObject, old: KubeObject, warn?: (text: string) => void): FieldError[] {
    return this.#typeErrors(object) ?? guardCost(() => this.#validateStatus(object, { old, warn }));
  }

  warnings(object: KubeObject, old?: KubeObject): string[] {
    return finalizerWarnings(object, old);
  }

  /** `nulls`: those of fields that may not be null stay. */
  #coerce(json: unknown, { dropInvalid = false, nulls = false } = {}): DecodedResource {
    if (!isMap(json)) throw new DecodeError('json: cannot unmarshal a value that is no object');
    requireTexts(json);
    const { metadata: schema, preserveUnknownFields } = this.options;
    const unknown: string[] = [];
    let metadata: JsonMap | undefined;
    if (Object.hasOwn(json, 'metadata')) {
      const coerced = coerceMetadata(json.metadata, 'metadata', { metadata: schema, dropInvalid });
      metadata = coerced.metadata;
      unknown.push(...coerced.unknown);
    }
    if (preserveUnknownFields !== true && this.#given) {
      unknown.push(...pruneValue(json, this.props, true));
      if (!nulls) pruneNulls(json, this.props);
    }
    this.#embedded ??= hasEmbedded(this.props);
    if (this.#embedded) unknown.push(...coerceEmbeddedResources(json, this.props, { metadata: schema, dropInvalid }));
    if (metadata !== undefined) setMember(json, 'metadata', metadata);
    return { object: json as KubeObject, unknown };
  }

  /** Upstream: customResourceValidator.ValidateTypeMeta, whose findings stand alone. */
  #typeErrors(object: KubeObject): FieldError[] | undefined {
    const { group, version, kind } = this.options;
    const errors: FieldError[] = [];
    if (object.kind !== kind) errors.push(invalidValue('kind', object.kind ?? '', `must be ${kind}`));
    const apiVersion = `${group}/${version}`;
    if (object.apiVersion !== apiVersion)
      errors.push(invalidValue('apiVersion', object.apiVersion ?? '', `must be ${apiVersion}`));
    return errors.length > 0 ? errors : undefined;
  }

  /** Upstream: customResourceStrategy.Validate and ValidateUpdate. */
  #validate(object: KubeObject, { old, warn }: Change = {}): FieldError[] {
    const { scale, metadata } = this.options;
    const before = old === undefined ? undefined : new Correlation(object, old, this.props);
    const errors = fieldErrorsOf(validateValue(this.props, object, { before }), '');
    errors.push(...validateScaleSpec(object, scale), ...validateScaleStatus(object, scale));
    this.#embedded ??= hasEmbedded(this.props);
    if (this.#embedded) errors.push(...validateEmbedded(object, this.props, { metadata, path: '' }));
    errors.push(...this.#listErrors(object, old));
    return [...errors, ...this.#ruleErrors(object, { old, warn, before, errors })];
  }

  /** Upstream: statusStrategy.ValidateUpdate. */
  #validateStatus(object: KubeObject, { old, warn }: Change & { old: KubeObject }): FieldError[] {
    const whole = new Correlation(object, old, this.props);
    const props = propertyOf(this.props, 'status');
    const errors: FieldError[] = [];
    if (props !== undefined && Object.hasOwn(object, 'status')) {
      const before = whole.key('status') ?? new Correlation(object.status, old.status, props);
      errors.push(...fieldErrorsOf(validateValue(props, object.status, { before }), 'status'));
    }
    errors.push(...validateScaleStatus(object, this.options.scale), ...this.#listErrors(object, old));
    return [...errors, ...this.#ruleErrors(object, { old, warn, before: whole, errors })];
  }

  /** Rules are run only over objects of the form that they were written for. */
  #ruleErrors(
    object: KubeObject,
    { old, warn, before, errors }: Change & { before: Correlation | undefined; errors: readonly FieldError[] },
  ): FieldError[] {
    if (this.#rules === null) this.#rules = RuleNode.of(this.props, true);
    if (this.#rules === undefined) return [];
    const { namespaced } = this.options;
    const meta = old
      ? validateGenericMetaUpdate(object.metadata, old.metadata)
      : validateGenericMeta(object.metadata, { namespaced });
    if ([...meta, ...errors].some((error) => BLOCKING.has(error.type))) return [invalidValue('', null, UNCHECKED)];
    return evaluateRules(this.#rules, { path: '', value: object, old, before }, { budget: new RuleBudget(), warn });
  }

  /** Lists that were not unique before may stay so. */
  #listErrors(object: KubeObject, old: KubeObject | undefined): FieldError[] {
    const errors = validateListTypes(object, this.props, '');
    return errors.length > 0 && old !== undefined && validateListTypes(old, this.props, '').length > 0 ? [] : errors;
  }
}

function requireTexts(json: JsonMap): void {
  for (const name of ['apiVersion', 'kind']) {
    const value = Object.hasOwn(json, name) ? json[name] : undefined;
    if (value === undefined || value === null || typeof value === 'string') continue;
    const shape = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw new DecodeError(`json: cannot unmarshal ${shape} into Go struct field .${name} of type string`);
  }
}

function coerceEmbeddedResources(
  json: JsonMap,
  props: JSONSchemaProps,
  options: { metadata: ObjectSchema; dropInvalid: boolean },
): string[] {
  try {
    return coerceEmbedded(json, props, options);
  } catch (error) {
    throw error instanceof EmbeddedError ? new DecodeError(error.message) : error;
  }
}

/** Values nested too deep for the stack are no objects of anybody. */
function guardDepth<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof RangeError ? new DecodeError('exceeded max depth') : error;
  }
}

function guardCost(run: () => FieldError[]): FieldError[] {
  try {
    return run();
  } catch (error) {
    if (error instanceof TooExpensiveError || error instanceof RegexpLimitError)
      return [invalidValue(NO_PATH, '', error.message)];
    if (error instanceof RangeError) return [invalidValue(NO_PATH, '', 'exceeded max depth')];
    throw error;
  }
}
