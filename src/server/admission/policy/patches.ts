/** Evaluates one mutation and applies what it gives. Upstream: policy/mutating/patch/{json_patch,smd}.go. */
import { CelObject, toJson } from '../../../machinery/cel/index.ts';
import type { Json, JsonObject } from '../../../machinery/meta.ts';
import { applyOperations, JsonPatchFailure } from '../../../machinery/patch/index.ts';
import type { ObjectSchema } from '../../../machinery/schema.ts';
import type { Activation } from '../expressions/index.ts';
import type { ResourceForm } from '../match/index.ts';
import { applyConfiguration, MutationError } from './apply-configuration.ts';
import type { CompiledMutation } from './mutating-policy.ts';

export interface MutationInput {
  readonly activation: Activation;
  readonly form: ResourceForm;
  readonly schema: ObjectSchema;
}

/** The object as the mutation leaves it; `object` is not changed. Throws a MutationError or an OutOfBudgetError. */
export async function applyMutation(
  { type, expression }: CompiledMutation,
  object: JsonObject,
  { activation, form, schema }: MutationInput,
): Promise<JsonObject> {
  if (expression.fault !== undefined) throw new MutationError(expression.fault);
  const evaluation = await activation.evaluate(expression);
  if (evaluation.error !== undefined) throw new MutationError(evaluation.error);
  const { value } = evaluation;
  if (type === 'jsonPatch') return patched(object, value);
  checkTypeNames(value);
  return applyConfiguration(object, jsonOf(value) as JsonObject, { schema, kind: form.kind });
}

function patched(object: JsonObject, value: unknown): JsonObject {
  const operations = (value as readonly unknown[]).map((operation) => operationOf(operation));
  try {
    return applyOperations(object, operations) as JsonObject;
  } catch (error) {
    if (!(error instanceof JsonPatchFailure)) throw error;
    // A test that does not hold leaves the object as it is.
    if (error.isTest) return object;
    throw new MutationError(`JSON Patch: ${error.message}`);
  }
}

function operationOf(value: unknown): JsonObject {
  const { op, path, from, value: given } = value instanceof CelObject ? value.fields : (value as JsonObject);
  const operation: JsonObject = { op: (op ?? '') as string, path: (path ?? '') as string };
  if (from) operation.from = from as string;
  if (given === undefined) return operation;
  checkTypeNames(given);
  operation.value = jsonOf(given);
  return operation;
}

function jsonOf(value: unknown): Json {
  try {
    return toJson(value) as Json;
  } catch (error) {
    const why = (error as Error).message;
    throw new MutationError(`JSONPath valueExpression evaluated to a type that could not marshal to JSON: ${why}`);
  }
}

/** Objects are named after the fields that lead to them. Upstream: CheckTypeNamesMatchFieldPathNames. */
function checkTypeNames(value: unknown): void {
  if (!(value instanceof CelObject)) return;
  const faults = typeFaults(value, value.type.name);
  if (faults.length > 0) throw new MutationError(`type mismatch: ${faults.join('\n')}`);
}

function typeFaults(value: unknown, path: string): string[] {
  if (value instanceof CelObject) {
    const { name } = value.type;
    const why = `unexpected type name "${name}", expected "${path}", which matches field name path from root Object type`;
    const inner = Object.entries(value.fields).flatMap(([field, one]) => typeFaults(one, `${path}.${field}`));
    return name === path ? inner : [why, ...inner];
  }
  if (Array.isArray(value)) return value.flatMap((item) => typeFaults(item, path));
  if (value instanceof Map) return [...value.values()].flatMap((item) => typeFaults(item, path));
  return [];
}
