/** A schema with rules at it or below it, and the types its expressions see. Upstream: apiserver/schema/cel.Validator. */
import { type CelType, celTypeOfSchema, escapeName } from '../../cel/index.ts';
import type { JSONSchemaProps } from '../contract.ts';
import { additionalOf, isEmbedded, itemsOf, propertyOf } from '../schema-node.ts';
import { type CompiledRule, compileRules } from './compile-rules.ts';

const ruled = new WeakMap<JSONSchemaProps, boolean>();

/** Whether a schema has rules anywhere. */
function hasRules(schema: JSONSchemaProps | undefined): boolean {
  if (schema === undefined) return false;
  let known = ruled.get(schema);
  if (known === undefined) {
    known =
      (schema['x-kubernetes-validations'] ?? []).length > 0 ||
      hasRules(itemsOf(schema)) ||
      hasRules(additionalOf(schema)) ||
      Object.values(schema.properties ?? {}).some(hasRules);
    ruled.set(schema, known);
  }
  return known;
}

export class RuleNode {
  readonly schema: JSONSchemaProps;
  /** Undefined for values that expressions cannot see. */
  readonly type: CelType | undefined;
  readonly #resource: boolean;
  #fields: Map<string, RuleNode> | undefined;
  #items: RuleNode | undefined | null = null;
  #additional: RuleNode | undefined | null = null;

  constructor(schema: JSONSchemaProps, type: CelType | undefined, resource = isEmbedded(schema)) {
    this.schema = schema;
    this.type = type;
    this.#resource = resource;
  }

  /** The node of a whole schema; `resource`: its values are whole objects. Undefined where there are no rules. */
  static of(schema: JSONSchemaProps, resource: boolean): RuleNode | undefined {
    return hasRules(schema)
      ? effective(new RuleNode(schema, celTypeOfSchema(schema, { resource }), resource))
      : undefined;
  }

  get rules(): readonly CompiledRule[] {
    return this.type === undefined ? [] : compileRules(this.schema, this.#resource);
  }

  /** There are rules here, and no type to compile them with. */
  get untyped(): boolean {
    return this.type === undefined && (this.schema['x-kubernetes-validations'] ?? []).length > 0;
  }

  get items(): RuleNode | undefined {
    if (this.#items === null) this.#items = this.#inner(itemsOf(this.schema), this.type?.params[0]);
    return this.#items;
  }

  get additional(): RuleNode | undefined {
    if (this.#additional === null) this.#additional = this.#inner(additionalOf(this.schema), this.type?.params[1]);
    return this.#additional;
  }

  /** The declared fields with rules at them or below. */
  get fields(): ReadonlyMap<string, RuleNode> {
    if (this.#fields === undefined) {
      this.#fields = new Map();
      for (const name of Object.keys(this.schema.properties ?? {})) {
        const field = propertyOf(this.schema, name)!;
        const node = hasRules(field) ? this.#field(name, field) : undefined;
        if (node !== undefined) this.#fields.set(name, node);
      }
    }
    return this.#fields;
  }

  /** Fields that expressions cannot see have no rules, but for those whose names cannot be written in one. */
  #field(name: string, field: JSONSchemaProps): RuleNode | undefined {
    const escaped = escapeName(name);
    const type =
      escaped === undefined
        ? celTypeOfSchema(field, { resource: isEmbedded(field) })
        : this.type?.fields?.().get(escaped)?.type;
    return type === undefined ? undefined : effective(new RuleNode(field, type));
  }

  #inner(schema: JSONSchemaProps | undefined, type: CelType | undefined): RuleNode | undefined {
    return schema !== undefined && hasRules(schema) ? effective(new RuleNode(schema, type)) : undefined;
  }
}

/** The node, unless all its rules stand where expressions see nothing. */
function effective(node: RuleNode): RuleNode | undefined {
  const own = (node.schema['x-kubernetes-validations'] ?? []).length > 0;
  return own || node.items !== undefined || node.additional !== undefined || node.fields.size > 0 ? node : undefined;
}
