/** The expressions of JWT authenticators: their environments, and claims as they see them. Upstream: authentication/cel. */
import {
  boolType,
  type CelProgram,
  compileCel,
  dynType,
  escapeName,
  fieldOf,
  listOf,
  mapOf,
  objectOf,
  stringType,
} from '../../../machinery/cel/index.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { invalidError } from '../../../machinery/validation/index.ts';
import type { UserInfo } from '../../contract.ts';

export type Variable = 'claims' | 'user';

const TYPES = {
  claims: () => mapOf(stringType, dynType),
  user: () =>
    objectOf('kubernetes.UserInfo', () => [
      fieldOf('username', stringType),
      fieldOf('uid', stringType),
      fieldOf('groups', listOf(stringType)),
      fieldOf('extra', mapOf(stringType, listOf(stringType))),
    ]),
};

/** Compiles an expression over one variable; what is wrong is added to `errors`. */
export function compileExpression(
  source: string,
  at: { path: string; variable: Variable; rule: boolean; errors: FieldError[] },
): CelProgram | undefined {
  const compiled = compileCel(source, { variables: [{ name: at.variable, type: TYPES[at.variable]() }] });
  const fault = compiled.ok
    ? at.rule && compiled.program.type.kind !== boolType.kind
      ? 'must evaluate to bool'
      : undefined
    : `compilation failed: ${compiled.error.message}`;
  if (fault === undefined && compiled.ok) return compiled.program;
  at.errors.push(invalidError(at.path, source, fault ?? ''));
  return undefined;
}

/** Evaluates; throws an Error with upstream's text. */
export function evaluate(program: CelProgram, bindings: Readonly<Record<string, unknown>>): unknown {
  const result = program.evaluate(bindings);
  if (result.ok) return result.value;
  throw new Error(`expression '${program.source}' resulted in error: ${result.error.message}`);
}

/**
 * A copy of parsed JSON in which keys that no expression can write also stand under their escaped names
 * (`kubernetes__dot__io`), unseen by iteration and size.
 */
export function withEscapedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withEscapedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    copy[key] = withEscapedKeys(inner);
    const escaped = escapeName(key);
    if (escaped !== key && escaped !== undefined && !Object.hasOwn(value, escaped))
      Object.defineProperty(copy, escaped, { value: copy[key], enumerable: false });
  }
  return copy;
}

export const userValue = ({ name, uid, groups, extra }: UserInfo): unknown =>
  withEscapedKeys({ username: name, uid: uid ?? '', groups, extra: extra ?? {} });

/** A text or a list of texts, without empty ones; null is none. Throws for anything else. */
export function textsOf(value: unknown): string[] {
  if (value === null || value === undefined || value === '') return [];
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || value.some((element) => typeof element !== 'string'))
    throw new Error('expression must return a string or a list of strings');
  return (value as string[]).filter((element) => element !== '');
}
