/** Conditions on which a webhook is asked. Upstream: apiserver/pkg/authorization/cel. */
import {
  boolType,
  type CelField,
  type CelProgram,
  type CelType,
  compileCel,
  fieldOf,
  formatType,
  listOf,
  mapOf,
  objectOf,
  stringType,
} from '../../../machinery/cel/index.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { invalidError } from '../../../machinery/validation/index.ts';
import type { ReviewSpec } from './review.ts';

const texts = (...names: readonly string[]): CelField[] => names.map((name) => fieldOf(name, stringType));

function requestType(): CelType {
  const requirement = objectOf('kubernetes.SelectorRequirement', () => [
    ...texts('key', 'operator'),
    fieldOf('values', listOf(stringType)),
  ]);
  const selector = (name: string): CelType =>
    objectOf(name, () => [...texts('rawSelector'), fieldOf('requirements', listOf(requirement))]);
  const resource = objectOf('kubernetes.ResourceAttributes', () => [
    ...texts('namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'),
    fieldOf('fieldSelector', selector('kubernetes.FieldSelectorAttributes')),
    fieldOf('labelSelector', selector('kubernetes.LabelSelectorAttributes')),
  ]);
  const path = objectOf('kubernetes.NonResourceAttributes', () => texts('path', 'verb'));
  return objectOf('kubernetes.SubjectAccessReviewSpec', () => [
    ...texts('user', 'uid'),
    fieldOf('groups', listOf(stringType)),
    fieldOf('extra', mapOf(stringType, listOf(stringType))),
    fieldOf('resourceAttributes', resource),
    fieldOf('nonResourceAttributes', path),
  ]);
}

/** Compiles one condition; what is wrong with it is added to `errors`. */
export function compileMatchCondition(
  expression: string,
  { path, errors }: { path: string; errors: FieldError[] },
): CelProgram | undefined {
  const compiled = compileCel(expression, { variables: [{ name: 'request', type: requestType() }] });
  if (!compiled.ok) {
    errors.push(invalidError(path, expression, `compilation failed: ${compiled.error.message}`));
    return undefined;
  }
  const { program } = compiled;
  if (program.type.kind === boolType.kind) return program;
  errors.push(invalidError(path, expression, `must evaluate to bool but got ${formatType(program.type)}`));
  return undefined;
}

/** Whether all conditions hold. One that is false settles it; else an error is thrown. */
export function conditionsHold(conditions: readonly CelProgram[], spec: ReviewSpec): boolean {
  const request = { ...spec, uid: spec.uid ?? '', groups: spec.groups ?? [], extra: spec.extra ?? {} };
  const faults: string[] = [];
  for (const program of conditions) {
    const result = program.evaluate({ request });
    if (result.ok && result.value === false) return false;
    if (!result.ok)
      faults.push(`cel evaluation error: expression '${program.source}' resulted in error: ${result.error.message}`);
  }
  if (faults.length > 0) throw new Error(faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`);
  return true;
}
