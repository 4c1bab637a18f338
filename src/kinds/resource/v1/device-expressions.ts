/** Expressions that choose devices. Upstream: dynamic-resource-allocation/cel/compile.go. */
import {
  boolType,
  type CelType,
  compileCel,
  dynType,
  fieldOf,
  hostOf,
  mapOf,
  objectOf,
  stringType,
} from '../../../machinery/cel/index.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { forbiddenError, invalidError } from '../../../machinery/validation/index.ts';

const MAX_COST = 1_000_000;
const MAX_ATTRIBUTES = 32;
const MAX_VALUE = 64;
const MAX_DOMAIN = 63;
const MAX_ID = 32;
const MAX_DRIVER = 63;

let device: CelType | undefined;

/** The type of `device`, with the sizes that a device may have. */
function deviceType(): CelType {
  if (device) return device;
  const sized = (type: CelType, maxElements: number): CelType => ({ ...type, maxElements });
  const byName = (value: CelType): CelType =>
    mapOf(sized(stringType, MAX_DOMAIN), mapOf(sized(stringType, MAX_ID), value, MAX_ATTRIBUTES), MAX_ATTRIBUTES);
  device = objectOf('kubernetes.DRADevice', () => [
    fieldOf('driver', sized(stringType, MAX_DRIVER)),
    fieldOf('attributes', byName(sized(dynType, MAX_VALUE))),
    fieldOf('capacity', byName(hostOf('kubernetes.Quantity'))),
    fieldOf('allowMultipleAllocations', boolType),
  ]);
  return device;
}

/** What is wrong with an expression that must tell whether a device fits. */
export function validateDeviceExpression(expression: string, path: string): FieldError[] {
  const compiled = compileCel(expression, { variables: [{ name: 'device', type: deviceType() }], bindings: true });
  if (!compiled.ok) return [invalidError(path, expression, `compilation failed: ${compiled.error.message}`)];
  const { type } = compiled.program;
  if (type.kind !== 'bool' && type.kind !== 'dyn')
    return [invalidError(path, expression, `must evaluate to bool or the unknown type, not ${type.name}`)];
  return compiled.program.estimateCost().max > MAX_COST
    ? [forbiddenError(path, `too complex, exceeds cost limit ${MAX_COST}`)]
    : [];
}
