/**
 * The rules of a definition: that they compile, and what they may cost.
 * Upstream: apiextensions/validation/cel_validation.go, ValidateCustomResourceDefinitionOpenAPISchema.
 */
import { type CelType, celTypeOfSchema, escapeName, maxCardinality } from '../../cel/index.ts';
import type { FieldError } from '../../status.ts';
import { forbiddenError } from '../../validation/index.ts';
import type { JSONSchemaProps, ValidationRule } from '../contract.ts';
import { internalRule } from '../definition/internal-form.ts';
import type { RuleContext } from '../definition/openapi-rules.ts';
import { invalidValue } from '../field-errors.ts';
import { child, isEmbedded } from '../schema-node.ts';
import { type CompiledRule, compileRules } from './compile-rules.ts';

const EXPRESSION_LIMIT = 10_000_000;
const DEFINITION_LIMIT = 100_000_000;
const MAX_COST = 2 ** 64;

/** How much all rules of a schema cost, and which of them cost the most. */
export class TotalCost {
  #total = 0;
  #most: { path: string; cost: number }[] = [];

  add(path: string, cost: number): void {
    this.#total = Math.min(MAX_COST, this.#total + cost);
    if (cost < DEFINITION_LIMIT / 100) return;
    this.#most = [...this.#most, { path, cost }].sort((a, b) => b.cost - a.cost).slice(0, 4);
  }

  /** What is said when they cost too much together; `path` is that of the schema. */
  errors(path: string): FieldError[] {
    if (this.#total <= DEFINITION_LIMIT) return [];
    const part = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    return [
      ...this.#most.map((rule) => forbiddenError(rule.path, part)),
      forbiddenError(path, costText(what, this.#total, DEFINITION_LIMIT)),
    ];
  }
}

/** Upstream: getCostErrorMessage. */
function costText(what: string, cost: number, limit: number): string {
  const times = cost / limit;
  const factor = times > 100 ? 'more than 100x' : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

interface ContextOptions {
  total: TotalCost;
  /** The schema is stored as it is: single rules may cost what they did. */
  unchanged: boolean;
}

/** The type of a place: `typed` without a type is one whose parent has a type and which expressions cannot see. */
interface TypeInfo {
  type: CelType | undefined;
}

export class DefinitionContext implements RuleContext {
  readonly #schema: JSONSchemaProps;
  readonly #options: ContextOptions;
  readonly #parent: DefinitionContext | undefined;
  /** Reads the type of this place from that of its parent. */
  readonly #read: ((parent: CelType) => TypeInfo | undefined) | undefined;
  /** Rules stand here or above, so that types are wanted. */
  readonly #inScope: boolean;
  /** How many values there can be; undefined: no bound is stated. */
  readonly #cardinality: number | undefined;
  #info: TypeInfo | undefined;

  constructor(
    schema: JSONSchemaProps,
    options: ContextOptions,
    from?: { parent: DefinitionContext; read: (parent: CelType) => TypeInfo | undefined },
  ) {
    this.#schema = schema;
    this.#options = options;
    this.#parent = from?.parent;
    this.#read = from?.read;
    this.#inScope = (from ? from.parent.#inScope : false) || (schema['x-kubernetes-validations'] ?? []).length > 0;
    this.#cardinality = from === undefined ? 1 : from.parent.#cardinalityBelow();
  }

  ofProperty(schema: JSONSchemaProps, name: string): RuleContext {
    const escaped = escapeName(name);
    return this.#below(schema, (parent) => {
      const type = escaped === undefined ? undefined : parent.fields?.().get(escaped)?.type;
      return type === undefined ? undefined : { type };
    });
  }

  ofAdditional(schema: JSONSchemaProps): RuleContext {
    return this.#below(schema, (parent) => ({ type: parent.kind === 'map' ? parent.params[1] : undefined }));
  }

  ofItems(schema: JSONSchemaProps): RuleContext {
    return this.#below(schema, (parent) => ({ type: parent.kind === 'list' ? parent.params[0] : undefined }));
  }

  errors(path: string, uncorrelated: string | undefined): FieldError[] {
    const at = child(path, 'x-kubernetes-validations');
    const info = this.#typeInfo();
    if (info === undefined) {
      const why =
        'internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations';
      return [internalFault(at, why)];
    }
    if (info.type === undefined) return [internalFault(at, 'failed to convert to declType for CEL validation rules')];
    const { type } = info;
    return compileRules(this.#schema, this.#resource).flatMap((rule, index) =>
      this.#ruleErrors(rule, { path: `${at}[${index}]`, type, uncorrelated }),
    );
  }

  #ruleErrors(
    compiled: CompiledRule,
    { path, type, uncorrelated }: { path: string; type: CelType; uncorrelated: string | undefined },
  ): FieldError[] {
    const { rule } = compiled;
    const errors: FieldError[] = [];
    const rulePath = child(path, 'rule');
    const times = this.#cardinality ?? maxCardinality(type);
    const cost = compiled.program === undefined ? 0 : multiply(compiled.program.estimateCost().max, times);
    errors.push(...this.#costErrors('estimated rule cost', cost, rulePath));
    if (compiled.error !== undefined) errors.push(invalidValue(rulePath, internalRule(rule), compiled.error));
    errors.push(...this.#messageErrors(compiled, child(path, 'messageExpression')));
    return [...errors, ...oldSelfErrors(compiled, { path, uncorrelated })];
  }

  #messageErrors({ rule, messageError, messageProgram }: CompiledRule, path: string): FieldError[] {
    if (messageError !== undefined) return [invalidValue(path, internalRule(rule), messageError)];
    return messageProgram === undefined
      ? []
      : this.#costErrors('estimated messageExpression cost', messageProgram.estimateCost().max, path);
  }

  #costErrors(what: string, cost: number, path: string): FieldError[] {
    this.#options.total.add(path, cost);
    return this.#options.unchanged || cost <= EXPRESSION_LIMIT
      ? []
      : [forbiddenError(path, costText(what, cost, EXPRESSION_LIMIT))];
  }

  #below(schema: JSONSchemaProps, read: (parent: CelType) => TypeInfo | undefined): DefinitionContext {
    return new DefinitionContext(schema, this.#options, { parent: this, read });
  }

  /** Undefined: expressions cannot see values of this schema. */
  #typeInfo(): TypeInfo | undefined {
    if (!this.#inScope) return undefined;
    if (this.#info !== undefined) return this.#info;
    const parent = this.#parent;
    const above = parent === undefined ? undefined : parent.#typeInfo()?.type;
    const read = above === undefined ? undefined : this.#read?.(above);
    if (read !== undefined) this.#info = read;
    else {
      const type = celTypeOfSchema(this.#schema, { resource: this.#resource });
      if (type !== undefined) this.#info = { type };
    }
    return this.#info;
  }

  get #resource(): boolean {
    return this.#parent === undefined || isEmbedded(this.#schema);
  }

  /** Upstream: extractMaxElements. */
  #cardinalityBelow(): number | undefined {
    if (this.#cardinality === undefined) return undefined;
    const { type, additionalProperties, maxProperties, maxItems } = this.#schema;
    const bound =
      type === 'array' ? maxItems : type === 'object' && additionalProperties !== undefined ? maxProperties : 1;
    return bound === undefined ? undefined : multiply(this.#cardinality, Math.max(0, bound));
  }
}

const multiply = (cost: number, times: number): number => (cost === 0 ? 0 : Math.min(MAX_COST, cost * times));

function oldSelfErrors(
  { rule, usesOldSelf }: { rule: ValidationRule; usesOldSelf: boolean },
  { path, uncorrelated }: { path: string; uncorrelated: string | undefined },
): FieldError[] {
  if (usesOldSelf) {
    if (uncorrelated === undefined) return [];
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`;
    return [invalidValue(child(path, 'rule'), rule.rule, why)];
  }
  if (rule.optionalOldSelf === undefined) return [];
  const why = 'may not be set if oldSelf is not used in rule';
  return [invalidValue(child(path, 'optionalOldSelf'), rule.optionalOldSelf, why)];
}

const internalFault = (field: string, why: string): FieldError => ({
  type: 'InternalError',
  field,
  message: `Internal error: ${why}`,
});
