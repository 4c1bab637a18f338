/** The rules of one schema, compiled. Upstream: apiserver/schema/cel/compilation.go. */
import {
  CEL_PER_CALL_LIMIT,
  type CelProgram,
  type CelType,
  celTypeOfSchema,
  compileCel,
  optionalOf,
} from '../../cel/index.ts';
import type { JSONSchemaProps, ValidationRule } from '../contract.ts';
import { fieldPath } from '../definition/field-path.ts';

export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Absent for a rule that is empty or does not compile. */
  readonly program?: CelProgram;
  /** Why it does not compile. */
  readonly error?: string;
  readonly usesOldSelf: boolean;
  readonly messageProgram?: CelProgram;
  readonly messageError?: string;
  /** The field that a violation is reported at, below the one that has the rule. */
  readonly at: string;
}

/** What one evaluation may cost. */
export const RULE_LIMIT = CEL_PER_CALL_LIMIT;

/** What messages call the type of `self`; upstream adds a number that is never the same. */
const SELF_TYPE = 'selfType';

const kept = new WeakMap<JSONSchemaProps, readonly CompiledRule[]>();

/**
 * The rules that stand at `schema`, compiled once. `resource`: its values are whole objects. The schema must be one whose
 * values expressions can see.
 */
export function compileRules(schema: JSONSchemaProps, resource: boolean): readonly CompiledRule[] {
  let rules = kept.get(schema);
  if (rules === undefined) {
    const given = schema['x-kubernetes-validations'] ?? [];
    // Types are named after the place of the rules, so they are made anew for it.
    const type = given.length === 0 ? undefined : celTypeOfSchema(schema, { name: SELF_TYPE, resource });
    rules = type === undefined ? [] : given.map((rule) => compileRule(rule, schema, type));
    kept.set(schema, rules);
  }
  return rules;
}

function compileRule(rule: ValidationRule, schema: JSONSchemaProps, type: CelType): CompiledRule {
  const path = rule.fieldPath ? fieldPath(rule.fieldPath, schema) : undefined;
  const base = { rule, usesOldSelf: false, at: path?.ok ? path.path : '' };
  if (rule.rule.trim() === '') return base;
  const oldType = rule.optionalOldSelf === true ? optionalOf(type) : type;
  const variables = [
    { name: 'self', type },
    { name: 'oldSelf', type: oldType },
  ];
  const compiled = compileCel(rule.rule, { variables });
  if (!compiled.ok) return { ...base, error: failure('', compiled.error) };
  const { program } = compiled;
  if (program.type.kind !== 'bool') return { ...base, error: 'cel expression must evaluate to a bool' };
  const usable = { ...base, program, usesOldSelf: program.uses.has('oldSelf') };
  if (!rule.messageExpression) return usable;
  const message = compileCel(rule.messageExpression, { variables });
  if (!message.ok) return { ...usable, messageError: failure('messageExpression ', message.error) };
  return message.program.type.kind === 'string'
    ? { ...usable, messageProgram: message.program }
    : { ...usable, messageError: 'messageExpression must evaluate to a string' };
}

function failure(what: string, error: { kind: string; message: string }): string {
  if (error.kind !== 'program') return `${what}compilation failed: ${error.message}`;
  return what === ''
    ? `program instantiation failed: ${error.message}`
    : `${what}instantiation failed: ${error.message}`;
}
