/** Runs the rules of a schema over a value. Upstream: apiserver/schema/cel/validation.go. */
import { CelOptional } from '../../cel/index.ts';
import { quote } from '../../quote.ts';
import type { FieldError } from '../../status.ts';
import { forbiddenError, requiredError } from '../../validation/index.ts';
import type { ValidationRule } from '../contract.ts';
import { duplicateValue, invalidValue, NO_PATH } from '../field-errors.ts';
import { child, isMap, type JsonMap, key } from '../schema-node.ts';
import { Correlation } from '../values/correlation.ts';
import type { RuleBudget } from './budget.ts';
import { type CompiledRule, RULE_LIMIT } from './compile-rules.ts';
import type { RuleNode } from './rule-node.ts';

const MAX_MESSAGE = 5 * 1024;
const OUT_OF_BUDGET = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** A value, the one it replaces, and how much of it can be told apart. */
interface Place {
  path: string;
  value: unknown;
  old: unknown;
  /** For what did not change: here, and the nearest place above where it can be told. */
  here: Correlation | undefined;
  above: Correlation | undefined;
}

export interface RuleRun {
  budget: RuleBudget;
  /** Told of violations that are let pass because nothing changed. */
  warn?: ((text: string) => void) | undefined;
}

/** The violations in `value`, which replaces `old` (undefined: nothing). `path` is that of the value. */
export function evaluateRules(
  node: RuleNode,
  values: { path: string; value: unknown; old?: unknown; before?: Correlation | undefined },
  run: RuleRun,
): FieldError[] {
  const errors: FieldError[] = [];
  const place = { path: values.path, value: values.value, old: values.old, here: values.before, above: undefined };
  new Evaluation(run, errors).visit(node, place);
  return errors;
}

class Evaluation {
  readonly #budget: RuleBudget;
  readonly #warn: ((text: string) => void) | undefined;
  readonly #errors: FieldError[];

  constructor({ budget, warn }: RuleRun, errors: FieldError[]) {
    this.#budget = budget;
    this.#warn = warn;
    this.#errors = errors;
  }

  visit(node: RuleNode, place: Place): void {
    const { value, old } = place;
    if (value === null || value === undefined) return;
    this.#runRules(node, place);
    if (this.#budget.spent) return;
    if (Array.isArray(value)) this.#visitItems(node, place, value);
    else if (isMap(value)) this.#visitFields(node, place, { map: value, old: isMap(old) ? old : {} });
  }

  #visitItems(node: RuleNode, place: Place, list: readonly unknown[]): void {
    const { items } = node;
    if (items === undefined) return;
    // Old items are found by key, whether or not the list around them is compared.
    const keyed = new Correlation(list, place.old, node.schema);
    for (let index = 0; index < list.length && !this.#budget.spent; index++) {
      this.visit(items, {
        path: `${place.path}[${index}]`,
        value: list[index],
        old: keyed.index(index)?.old,
        ...below(place, (here) => here.index(index)),
      });
    }
  }

  #visitFields(node: RuleNode, place: Place, { map, old }: { map: JsonMap; old: JsonMap }): void {
    const inner = (name: string, path: string): Place => ({
      path,
      value: map[name],
      old: Object.hasOwn(old, name) ? old[name] : undefined,
      ...belowField(place, name),
    });
    const { additional, fields } = node;
    if (additional !== undefined) {
      for (const name of Object.keys(map)) {
        if (this.#budget.spent) return;
        this.visit(additional, inner(name, key(place.path, name)));
      }
    }
    for (const [name, field] of fields) {
      if (this.#budget.spent) return;
      if (Object.hasOwn(map, name)) this.visit(field, inner(name, child(place.path, name)));
    }
  }

  #runRules(node: RuleNode, place: Place): void {
    const type = node.schema.type ?? '';
    const fail = (why: string): number => this.#errors.push(invalidValue(place.path, type, why));
    if (node.untyped) {
      const why = 'failed to convert to declType for CEL validation rules';
      fail(`rule compiler initialization error: ${why}`);
      return;
    }
    const { rules } = node;
    if (rules.length === 0) return;
    if (!this.#budget.open) {
      fail(OUT_OF_BUDGET);
      this.#budget.close();
      return;
    }
    const usesOld = rules.some((rule) => rule.usesOldSelf);
    for (const rule of rules) {
      if (rule.error !== undefined) fail(`rule compile error: ${rule.error}`);
      else if (rule.program !== undefined) this.#runRule(rule, { place, type, usesOld });
      if (this.#budget.spent) return;
    }
  }

  #runRule(compiled: CompiledRule, { place, type, usesOld }: { place: Place; type: string; usesOld: boolean }): void {
    const { rule, program } = compiled;
    const fail = (why: string): number => this.#errors.push(invalidValue(place.path, type, why));
    const { value: self, old } = place;
    const without = old === undefined || old === null;
    if (compiled.usesOldSelf && without && rule.optionalOldSelf !== true) return;
    const optional = usesOld && rule.optionalOldSelf === true;
    const oldSelf = optional ? (without ? CelOptional.none : CelOptional.of(old)) : old;
    const result = program!.evaluate({ self, oldSelf }, { limit: RULE_LIMIT });
    if (!this.#budget.take(result.cost)) {
      fail(OUT_OF_BUDGET);
      return;
    }
    if (!result.ok) {
      fail(failureText(result.error, rule));
      if (result.error.limit === true) this.#budget.close();
      return;
    }
    if (result.value === true) return;
    this.#report(compiled, { place, type, bindings: { self, oldSelf: old } });
  }

  /** A violation, unless nothing changed here. */
  #report(
    compiled: CompiledRule,
    { place, type, bindings }: { place: Place; type: string; bindings: Record<string, unknown> },
  ): void {
    const path = compiled.at === '' ? place.path : child(place.path, compiled.at);
    const message = this.#messageOf(compiled, bindings);
    const error = message.fault
      ? invalidValue(path, type, message.text)
      : violation(path, message.text, { rule: compiled.rule, value: shownValue(place.value, type) });
    const before = place.here ?? place.above;
    if (!compiled.usesOldSelf && before?.unchanged() === true) this.#warn?.(`${error.field}: ${error.message}`);
    else this.#errors.push(error);
  }

  /** `fault`: the message could not be made for its cost, and no more rules are run. */
  #messageOf(compiled: CompiledRule, bindings: Record<string, unknown>): { text: string; fault?: boolean } {
    const { rule, messageProgram } = compiled;
    if (messageProgram !== undefined) {
      const result = messageProgram.evaluate(bindings, { limit: RULE_LIMIT });
      if (!this.#budget.take(result.cost)) {
        const why = 'messageExpression evaluation failed due to running out of cost budget';
        return { text: `${why}, no further validation rules will be run`, fault: true };
      }
      if (!result.ok && result.error.limit === true) {
        this.#budget.close();
        const why = 'no further validation rules will be run due to call cost exceeds limit for messageExpression';
        return { text: `${why}: ${quote(rule.messageExpression ?? '')}`, fault: true };
      }
      const text = result.ok && typeof result.value === 'string' ? result.value.trim() : '';
      if (text !== '' && !text.includes('\n') && new TextEncoder().encode(text).length <= MAX_MESSAGE) return { text };
    }
    return { text: rule.message ? rule.message.trim() : `failed rule: ${rule.rule.trim()}` };
  }
}

/** Correlation of something below a place; where it cannot be told, the nearest place above counts. */
function below(place: Place, find: (here: Correlation) => Correlation | undefined): Pick<Place, 'here' | 'above'> {
  const { here, above } = place;
  return here === undefined ? { here, above } : { here: find(here), above: here };
}

/** Type fields of the object itself are the same before and after, whatever was stored. */
const belowField = (place: Place, name: string): Pick<Place, 'here' | 'above'> =>
  place.above === undefined && place.here !== undefined && (name === 'apiVersion' || name === 'kind')
    ? { here: undefined, above: undefined }
    : below(place, (here) => here.key(name));

/** How the rule is called where it fails. */
const nameOf = (rule: ValidationRule): string => (rule.message ? rule.message : rule.rule).trim();

function failureText({ message, limit }: { message: string; limit?: boolean }, rule: ValidationRule): string {
  if (limit === true) {
    const why = 'no further validation rules will be run due to call cost exceeds limit for rule';
    return `'${message}': ${why}: ${nameOf(rule)}`;
  }
  if (message.startsWith('no such overload')) {
    const why = 'call arguments did not match a supported operator, function or macro signature for rule';
    return `'${message}': ${why}: ${nameOf(rule)}`;
  }
  return `${message} evaluating rule: ${nameOf(rule)}`;
}

/** Objects and lists are not shown; undefined stands for that. */
const shownValue = (value: unknown, type: string): unknown =>
  type === 'object' || type === 'array' ? undefined : value;

function violation(
  path: string,
  detail: string,
  { rule, value }: { rule: ValidationRule; value: unknown },
): FieldError {
  const field = path === '' ? NO_PATH : path;
  const hidden = value === undefined;
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbiddenError(field, detail);
    case 'FieldValueRequired':
      return requiredError(field, detail);
    case 'FieldValueDuplicate':
      return hidden ? { type: 'FieldValueDuplicate', field, message: 'Duplicate value' } : duplicateValue(path, value);
    default:
      return hidden
        ? { type: 'FieldValueInvalid', field, message: `Invalid value: ${detail}` }
        : invalidValue(path, value, detail);
  }
}
