/**
 * Checks values against schemas as upstream's validator does, its texts and the order of its checks included.
 * Upstream: kube-openapi/validation/validate/{schema,type,schema_props,object_validator,slice_validator}.go,
 * apiserver/validation/ratcheting.go.
 */
import { deepEqual } from '../../apply/deep-equal.ts';
import { isInt64 } from '../../go-value.ts';
import { quote } from '../../quote.ts';
import type { JSONSchemaProps } from '../contract.ts';
import { additionalOf, child, itemsOf, type JsonMap, own, propertyOf } from '../schema-node.ts';
import type { Correlation } from './correlation.ts';
import { type Fault, Result } from './faults.ts';
import { formatCheck } from './formats.ts';
import { checkNumber, isJsonInteger } from './numbers.ts';
import { patternOf } from './pattern.ts';
import { factsOf, type SchemaFacts, type SchemaUse } from './schema-facts.ts';

/** Values are checked in this many steps at most; only a schema made to be slow needs more. */
const MAX_STEPS = 10_000_000;

/** A value that a schema made too expensive to check. */
export class TooExpensiveError extends Error {
  override readonly name = 'TooExpensiveError';
}

interface Place {
  path: string;
  /** The value that was there before, where it can be told: what did not change is not at fault. */
  before: Correlation | undefined;
}

/**
 * The faults of `value`. With `before`, faults of a part that did not change are forgiven. `use` says whether the schema
 * checks objects or the defaults of a definition, which upstream reads a little differently.
 */
export function validateValue(
  schema: JSONSchemaProps,
  value: unknown,
  { use = 'object', before }: { use?: SchemaUse; before?: Correlation | undefined } = {},
): Result {
  return new Validator(use).check(schema, value, { path: '', before });
}

class Validator {
  readonly #use: SchemaUse;
  #steps = 0;

  constructor(use: SchemaUse) {
    this.#use = use;
  }

  /** One part of the value; its faults are forgiven when it did not change. */
  check(schema: JSONSchemaProps, value: unknown, place: Place): Result {
    const result = this.#checkAll(schema, value, place);
    return !result.valid && place.before?.unchanged() === true ? result.forgiven() : result;
  }

  #checkAll(schema: JSONSchemaProps, value: unknown, place: Place): Result {
    this.#spend(1);
    const facts = factsOf(schema, this.#use);
    const result = new Result();
    if (value === null) {
      const fault = nullFault(facts, schema, place.path);
      if (fault) result.add(fault);
      else result.matches++;
      if (schema.enum !== undefined && schema.enum.length > 0) result.add(enumFault(schema.enum, null, place.path));
      return result;
    }
    if (facts.types.length > 0 || facts.format !== '') {
      const fault = typeFault(facts, value, place.path);
      if (fault) result.add(fault);
      else result.matches++;
      result.matches++;
    }
    this.#checkJunctors(schema, value, { place, facts, result });
    result.matches++;
    this.#checkKind(schema, value, { place, facts, result });
    result.matches += 2;
    return result;
  }

  /** The checks of one JSON type, and the enumeration among them. */
  #checkKind(
    schema: JSONSchemaProps,
    value: unknown,
    { place, facts, result }: { place: Place; facts: SchemaFacts; result: Result },
  ): void {
    const enumerated = (): void => {
      if (schema.enum === undefined || schema.enum.length === 0) return;
      this.#spend(schema.enum.length);
      if (!schema.enum.some((one) => sameValue(one, value))) result.add(enumFault(schema.enum, value, place.path));
    };
    if (typeof value === 'string') {
      this.#checkString(schema, value, { place, facts, result });
      enumerated();
    } else if (typeof value === 'number' || typeof value === 'bigint') {
      result.merge(
        checkNumber(Number(value), place.path, { schema, type: facts.numberType, format: facts.numberFormat }),
      );
      result.matches++;
      enumerated();
    } else if (Array.isArray(value)) {
      this.#checkItems(schema, value, { place, result });
      enumerated();
    } else {
      enumerated();
      if (typeof value === 'object') this.#checkFields(schema, value as JsonMap, { place, result });
    }
  }

  #checkString(
    schema: JSONSchemaProps,
    text: string,
    { place: { path }, facts, result }: { place: Place; facts: SchemaFacts; result: Result },
  ): void {
    const fault = this.#stringFault(schema, text, path);
    if (fault) result.add(fault);
    result.matches++;
    const check = facts.format === '' ? undefined : formatCheck(facts.format);
    if (check === undefined) return;
    this.#spend(text.length >> 4);
    if (!check(text)) result.add(wrongType(path, facts.format, text));
    result.matches++;
  }

  #stringFault(schema: JSONSchemaProps, text: string, path: string): Fault | undefined {
    const { maxLength, minLength, pattern } = schema;
    const say = (what: string): Fault => ({ text: `${path} in body ${what}`, path, kind: 'invalid', value: text });
    if (maxLength !== undefined && text.length > maxLength && characters(text) > maxLength)
      return { ...say(`should be at most ${maxLength} chars long`), kind: 'tooLong', max: maxLength };
    if (minLength !== undefined && characters(text) < minLength)
      return say(`should be at least ${minLength} chars long`);
    if (pattern === undefined || pattern === '') return undefined;
    this.#spend(text.length + 1);
    const compiled = patternOf(pattern);
    if (!compiled.ok) return say(`should match '${pattern}, but pattern is invalid: ${compiled.error}'`);
    return compiled.regexp.test(text) ? undefined : say(`should match '${pattern}'`);
  }

  #checkItems(
    schema: JSONSchemaProps,
    list: readonly unknown[],
    { place: { path, before }, result }: { place: Place; result: Result },
  ): void {
    const items = itemsOf(schema);
    if (items !== undefined) {
      for (let i = 0; i < list.length; i++)
        result.merge(this.check(items, list[i], { path: `${path}[${i}]`, before: before?.index(i) }));
    }
    const { minItems, maxItems } = schema;
    const say = (what: string): Fault => ({
      text: `${path} in body should have ${what} items`,
      path,
      kind: 'invalid',
      value: list.length,
    });
    if (minItems !== undefined && list.length < minItems) result.add(say(`at least ${minItems}`));
    if (maxItems !== undefined && list.length > maxItems)
      result.add({ ...say(`at most ${maxItems}`), kind: 'tooMany', max: maxItems });
    result.matches += 2;
  }

  #checkFields(
    schema: JSONSchemaProps,
    map: JsonMap,
    { place: { path, before }, result }: { place: Place; result: Result },
  ): void {
    const names = Object.keys(map);
    this.#spend(names.length + factsOf(schema, this.#use).fields);
    checkCount(schema, names.length, { path, result });
    const additional = additionalOf(schema);
    if (schema.additionalProperties === false) {
      for (const name of names) {
        if (propertyOf(schema, name) !== undefined) continue;
        const text = `${path}.${name} in body is a forbidden property`;
        result.add({ text, path, kind: 'invalid', value: name });
      }
    } else if (additional !== undefined) {
      for (const name of names) {
        if (propertyOf(schema, name) !== undefined) continue;
        const place = { path: `${path}.${name}`, before: correlated(before, path, name) };
        result.merge(this.check(additional, map[name], place));
      }
    }
    const properties = schema.properties ?? {};
    for (const name in properties) {
      const field = own(properties, name);
      if (field === undefined || !Object.hasOwn(map, name)) continue;
      const place = { path: child(path, name), before: correlated(before, path, name) };
      result.merge(this.check(field, map[name], place));
    }
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(map, name)) {
        const missing = `${path}.${name}`;
        result.add({ text: `${missing} in body is required`, path: missing, kind: 'required' });
      }
    }
    result.matches++;
  }

  #checkJunctors(
    schema: JSONSchemaProps,
    value: unknown,
    { place, facts, result }: { place: Place; facts: SchemaFacts; result: Result },
  ): void {
    if (facts.hasJunctors) {
      // Inside junctors nothing is forgiven for not having changed; only the whole may be.
      const here: Place = { path: place.path, before: undefined };
      if (schema.anyOf !== undefined && schema.anyOf.length > 0)
        this.#anyOf(schema.anyOf, value, { place: here, result });
      if (schema.oneOf !== undefined && schema.oneOf.length > 0)
        this.#oneOf(schema.oneOf, value, { place: here, result });
      if (schema.allOf !== undefined && schema.allOf.length > 0)
        this.#allOf(schema.allOf, value, { place: here, result });
      if (schema.not !== undefined && this.check(schema.not, value, here).valid)
        result.add(plain(`${quote(place.path)} must not validate the schema (not)`));
    }
    result.matches++;
  }

  #anyOf(schemas: readonly JSONSchemaProps[], value: unknown, { place, result }: { place: Place; result: Result }) {
    let best: Result | undefined;
    for (const schema of schemas) {
      const one = this.check(schema, value, place);
      if (one.valid) {
        result.merge(one);
        return;
      }
      if (best === undefined || one.matches > best.matches) best = one;
    }
    result.add(plain(`${quote(place.path)} must validate at least one schema (anyOf)`));
    if (best !== undefined) result.merge(best);
  }

  #oneOf(schemas: readonly JSONSchemaProps[], value: unknown, { place, result }: { place: Place; result: Result }) {
    let best: Result | undefined;
    let first: Result | undefined;
    let fitting = 0;
    for (const schema of schemas) {
      const one = this.check(schema, value, place);
      if (one.valid) {
        fitting++;
        first ??= one;
      } else if (fitting === 0 && (best === undefined || one.matches > best.matches)) best = one;
    }
    if (fitting === 1 && first !== undefined) {
      result.merge(first);
      return;
    }
    const found = fitting === 0 ? 'Found none valid' : `Found ${fitting} valid alternatives`;
    result.add(plain(`${quote(place.path)} must validate one and only one schema (oneOf). ${found}`));
    if (fitting === 0 && best !== undefined) result.merge(best);
  }

  #allOf(schemas: readonly JSONSchemaProps[], value: unknown, { place, result }: { place: Place; result: Result }) {
    let fitting = 0;
    for (const schema of schemas) {
      const one = this.check(schema, value, place);
      if (one.valid) fitting++;
      result.merge(one);
    }
    if (fitting === schemas.length) return;
    result.add(
      plain(`${quote(place.path)} must validate all the schemas (allOf)${fitting === 0 ? '. None validated' : ''}`),
    );
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new TooExpensiveError('the schema makes this object too expensive to validate');
  }
}

const plain = (text: string): Fault => ({ text, kind: 'plain' });

/** Kind and apiVersion of the object itself are the same before and after, whatever was stored. */
const correlated = (before: Correlation | undefined, path: string, name: string): Correlation | undefined =>
  path === '' && (name === 'kind' || name === 'apiVersion') ? undefined : before?.key(name);

function checkCount(
  { minProperties, maxProperties }: JSONSchemaProps,
  count: number,
  { path, result }: { path: string; result: Result },
): void {
  const say = (what: string): Fault => ({
    text: `${path} in body should have ${what} properties`,
    path,
    kind: 'invalid',
    value: count,
  });
  if (minProperties !== undefined && count < minProperties) result.add(say(`at least ${minProperties}`));
  if (maxProperties !== undefined && count > maxProperties)
    result.add({ ...say(`at most ${maxProperties}`), kind: 'tooMany', max: maxProperties });
}

/** Length in code points, which is how lengths are counted. */
function characters(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++;
    count++;
  }
  return count;
}

/**
 * Values are compared after a conversion of Go's to the type of the enumerated one: numbers are cut to integers, integers
 * are code points of texts. Upstream: basicCommonValidator.
 */
function sameValue(one: unknown, value: unknown): boolean {
  if (typeof one === 'string' && typeof value === 'number') return isInt64(value) && one === charOf(value);
  if (typeof one === 'number' && typeof value === 'number')
    return one === (Number.isInteger(one) ? Math.trunc(value) : value);
  return deepEqual(one, value);
}

const charOf = (code: number): string =>
  code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : '\ufffd';

const enumTexts = new WeakMap<readonly unknown[], string>();

/** What tells one enumeration from another; of a long one its ends and its length. */
function textOf(supported: readonly unknown[]): string {
  let text = enumTexts.get(supported);
  if (text === undefined) {
    const whole = JSON.stringify(supported);
    text = whole.length < 300 ? whole : `${whole.slice(0, 100)} ${whole.length} ${whole.slice(-100)}`;
    enumTexts.set(supported, text);
  }
  return text;
}

const enumFault = (supported: readonly unknown[], value: unknown, path: string): Fault => ({
  text: `${path} in body should be one of ${textOf(supported)}`,
  path,
  kind: 'enum',
  value,
  supported,
});

/** `found`: the value, or the type it has. */
const wrongType = (path: string, type: string, found: string): Fault => ({
  text: `${path} in body must be of type ${type}: ${quote(found)}`,
  path,
  kind: 'type',
  value: found,
});

const nullFault = ({ types, typeText }: SchemaFacts, { nullable }: JSONSchemaProps, path: string): Fault | undefined =>
  types.length > 0 && nullable !== true && !types.includes('null') ? wrongType(path, typeText, 'null') : undefined;

/** JSON type of a value and Go's name of how it is held. */
function typeOf(value: unknown): { type: string; held: string } {
  if (typeof value === 'bigint') return { type: 'integer', held: 'int64' };
  if (typeof value === 'number') {
    return isInt64(value) ? { type: 'integer', held: 'int64' } : { type: 'number', held: 'float64' };
  }
  return { type: Array.isArray(value) ? 'array' : typeof value, held: '' };
}

/** Upstream: typeValidator.Validate. */
function typeFault({ types, typeText, format }: SchemaFacts, value: unknown, path: string): Fault | undefined {
  const { type, held } = typeOf(value);
  const wholeFloat = type === 'number' && types.includes('integer') && isJsonInteger(value as number);
  const fits = types.includes(type) || wholeFloat || (type === 'integer' && types.includes('number'));
  const loose = type === 'string' || type === 'array';
  if (!loose && format !== '' && !fits && held !== format) return wrongType(path, format, held);
  if (loose && format !== '' && !types.includes('number') && !types.includes('integer')) return undefined;
  return fits ? undefined : wrongType(path, typeText, type);
}
