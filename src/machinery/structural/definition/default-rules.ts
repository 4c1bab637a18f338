/** That defaults fit the schema they stand in. Upstream: apiserver/schema/defaulting/validation.go. */
import { copyJson } from '../../copy-json.ts';
import { DecodeError } from '../../fields/index.ts';
import type { ObjectSchema } from '../../schema.ts';
import type { FieldError } from '../../status.ts';
import type { JSONSchemaProps } from '../contract.ts';
import { coerceEmbedded, EmbeddedError, validateEmbedded } from '../embedded.ts';
import { invalidValue } from '../field-errors.ts';
import { isPruned } from '../pruning.ts';
import { RuleBudget } from '../rules/budget.ts';
import { defaultRuleErrors } from '../rules/default-value.ts';
import { child, hasDefault, isEmbedded, isMap, itemsOf, type JsonMap, key } from '../schema-node.ts';
import { fieldErrorsOf } from '../values/faults.ts';
import { validateValue } from '../values/validate.ts';
import { structuralErrors, unsupportedPart } from './structural-rules.ts';
import { someSchema } from './sub-schemas.ts';

export interface DefaultRulesOptions {
  /** The type of metadata. */
  metadata: ObjectSchema;
  /** Defaults may have no fields that the schema does not know. */
  requirePruned: boolean;
}

interface Place {
  path: string;
  /** The schema of the innermost whole object, and how to build one around a value that stands here. */
  root: JSONSchemaProps;
  steps: readonly (string | undefined)[];
  /** The place is in type or metadata of that object. */
  inMeta: boolean;
  /** The place is a whole object. */
  resource: boolean;
}

/** Faults of the defaults of a whole schema. */
export function defaultErrors(schema: JSONSchemaProps, path: string, options: DefaultRulesOptions): FieldError[] {
  const errors: FieldError[] = [];
  const visitor = new Visitor(options, errors);
  visitor.visit(schema, { path, root: schema, steps: [], inMeta: false, resource: true });
  return errors;
}

/** Whether a schema has a default with fields that it does not know. Upstream: schemaHasUnprunedDefaults. */
export const hasUnprunedDefaults = (schema: JSONSchemaProps): boolean =>
  someSchema(schema, (one) => hasDefault(one) && !isPruned(one.default, one, one === schema || isEmbedded(one))) &&
  unsupportedPart(schema) === undefined &&
  structuralErrors(schema, '').length === 0;

class Visitor {
  readonly #options: DefaultRulesOptions;
  readonly #errors: FieldError[];
  readonly #budget = new RuleBudget();

  constructor(options: DefaultRulesOptions, errors: FieldError[]) {
    this.#options = options;
    this.#errors = errors;
  }

  visit(schema: JSONSchemaProps, given: Place): void {
    const embedded = isEmbedded(schema);
    const place = embedded ? { ...given, root: schema, steps: [], inMeta: false, resource: true } : given;
    if (hasDefault(schema)) this.#errors.push(...this.#check(schema, place));
    if (this.#budget.spent) return;
    const items = itemsOf(schema);
    const below = { ...place, resource: false };
    if (items !== undefined)
      this.visit(items, { ...below, path: child(place.path, 'items'), steps: [...place.steps, undefined] });
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      if (this.#budget.spent) return;
      const meta = place.resource && (name === 'metadata' || name === 'apiVersion' || name === 'kind');
      this.visit(field, {
        ...below,
        path: key(child(place.path, 'properties'), name),
        steps: [...place.steps, name],
        inMeta: place.inMeta || meta,
      });
    }
  }

  #check(schema: JSONSchemaProps, place: Place): FieldError[] {
    const path = child(place.path, 'default');
    const { requirePruned } = this.#options;
    const errors: FieldError[] = [];
    if (!place.inMeta && requirePruned && !isPruned(schema.default, schema, place.resource))
      errors.push(invalidValue(path, schema.default, 'must not have unknown fields'));
    const shape = place.inMeta ? this.#metaFault(schema, place) : this.#shapeErrors(schema, path, place.resource);
    if (shape.length > 0) return [...errors, ...shape];
    const result = validateValue(schema, schema.default, { use: 'default' });
    if (!result.valid) return [...errors, ...fieldErrorsOf(result, path)];
    const { resource } = place;
    return [...errors, ...defaultRuleErrors(schema, { path, budget: this.#budget, resource })];
  }

  /** Embedded objects in a default that is no part of type or metadata itself. */
  #shapeErrors(schema: JSONSchemaProps, path: string, resource: boolean): FieldError[] {
    const { metadata } = this.#options;
    const value = copyJson(schema.default);
    try {
      coerceEmbedded(value, schema, { metadata, dropInvalid: false, path, resource });
    } catch (error) {
      if (error instanceof EmbeddedError) return [error.fieldError];
      throw error;
    }
    return validateEmbedded(value, schema, { metadata, path, resource });
  }

  /** A default inside of type or metadata must make a valid object, whatever else it has. */
  #metaFault(schema: JSONSchemaProps, { root, steps, path }: Place): FieldError[] {
    const { metadata } = this.#options;
    const object = around(copyJson(schema.default), steps);
    const say = (why: string): FieldError[] => [
      invalidValue(child(path, 'default'), schema.default, `must result in valid metadata: ${why}`),
    ];
    try {
      coerceEmbedded(object, root, { metadata, dropInvalid: false, resource: true });
    } catch (error) {
      if (error instanceof EmbeddedError || error instanceof DecodeError) return say(error.message);
      throw error;
    }
    const errors = validateEmbedded(object, root, { metadata, path: '', resource: true });
    return errors.length === 0 ? [] : say(aggregate(errors));
  }
}

/** The object in which `value` stands at the end of `steps`: names of fields, and undefined for items. */
function around(value: unknown, steps: readonly (string | undefined)[]): JsonMap {
  let out = value;
  for (const step of [...steps].reverse()) out = step === undefined ? [out] : { [step]: out };
  const object = isMap(out) ? out : {};
  object.kind ??= 'Validation';
  object.apiVersion ??= 'validation/v1';
  return object;
}

/** Several errors as one text. Upstream: ErrorList.ToAggregate. */
function aggregate(errors: readonly FieldError[]): string {
  const lines = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  return lines.length === 1 ? lines[0]! : `[${lines.join(', ')}]`;
}
