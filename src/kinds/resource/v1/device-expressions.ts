/** Expressions that choose devices. Upstream: dynamic-resource-allocation/cel/compile.go. */
import {
  anyType,
  boolType,
  type CelProgram,
  type CelType,
  compileCel,
  fieldOf,
  hostOf,
  mapOf,
  objectOf,
  stringType,
  typeText,
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
  const byDomain = (values: CelType): CelType => mapOf(sized(stringType, MAX_DOMAIN), values, MAX_ATTRIBUTES);
  const byId = (value: CelType): CelType => mapOf(sized(stringType, MAX_ID), value, MAX_ATTRIBUTES);
  const fields = [
    fieldOf('driver', sized(stringType, MAX_DRIVER)),
    fieldOf('attributes', byDomain({ ...byId(sized(anyType, MAX_VALUE)), sizedByKey: true })),
    fieldOf('capacity', byDomain(byId(sized(hostOf('kubernetes.Quantity'), 0)))),
    fieldOf('allowMultipleAllocations', sized(boolType, 1)),
  ];
  device = sized(
    objectOf('kubernetes.DRADevice', () => fields),
    0,
  );
  return device;
}

/** Compiles an expression that tells whether a device fits; `fault` is what upstream says is wrong. */
function compileDeviceExpression(expression: string): { readonly program: CelProgram } | { readonly fault: string } {
  const variables = [{ name: 'device', type: deviceType() }];
  const compiled = compileCel(expression, { variables, bindings: true });
  if (!compiled.ok) {
    const stage = compiled.error.kind === 'program' ? 'program instantiation' : 'compilation';
    return { fault: `${stage} failed: ${compiled.error.message}` };
  }
  const { program } = compiled;
  if (program.type.kind === 'bool' || program.type.name === anyType.name) return { program };
  return { fault: `must evaluate to bool or the unknown type, not ${typeText(program.type)}` };
}

/** What is wrong with an expression that must tell whether a device fits. */
export function validateDeviceExpression(expression: string, path: string): FieldError[] {
  const compiled = compileDeviceExpression(expression);
  if ('fault' in compiled) return [invalidError(path, expression, compiled.fault)];
  return compiled.program.estimateCost().max > MAX_COST
    ? [forbiddenError(path, `too complex, exceeds cost limit ${MAX_COST}`)]
    : [];
}
