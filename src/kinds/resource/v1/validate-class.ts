/** Rules of device classes, and what classes and claims share. Upstream: pkg/apis/resource/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  invalidError,
  notSupportedError,
  qualifiedName,
  requiredError,
  tooLongError,
} from '../../../machinery/validation/index.ts';
import { validateDriverName } from '../../driver-name.ts';
import type {
  DeviceClass,
  DeviceConfiguration,
  DeviceSelector,
  DeviceToleration,
  OpaqueDeviceConfiguration,
} from '../../generated/types/resource-v1.ts';
import { validateDeviceExpression } from './device-expressions.ts';
import { validateList } from './lists.ts';
import { validateKey, validateValue } from './names.ts';

const MAX_SELECTORS = 32;
const MAX_CONFIGS = 32;
const MAX_EXPRESSION = 10 * 1024;
const MAX_PARAMETERS = 10 * 1024;
const OPERATORS = ['Equal', 'Exists'];
export const EFFECTS = ['NoExecute', 'NoSchedule', 'None'];

export const validateSelectors = (selectors: readonly DeviceSelector[] | undefined, path: string): FieldError[] =>
  validateList(selectors, path, { max: MAX_SELECTORS, item: validateSelector });

function validateSelector({ cel }: DeviceSelector, path: string): FieldError[] {
  if (!cel) return [requiredError(`${path}.cel`)];
  const at = `${path}.cel.expression`;
  const { expression = '' } = cel;
  if (new TextEncoder().encode(expression).length > MAX_EXPRESSION) return [tooLongError(at, MAX_EXPRESSION)];
  return validateDeviceExpression(expression, at);
}

export function validateConfiguration({ opaque }: DeviceConfiguration, path: string): FieldError[] {
  if (!opaque) return [requiredError(`${path}.opaque`)];
  return [
    ...validateDriverName(opaque.driver, `${path}.opaque.driver`),
    ...validateParameters(opaque.parameters, `${path}.opaque.parameters`),
  ];
}

/** A JSON object of bounded size, as the client wrote it. */
export function validateParameters(value: OpaqueDeviceConfiguration['parameters'], path: string): FieldError[] {
  if (value === undefined || value === null) return [requiredError(path)];
  if (JSON.stringify(value).length > MAX_PARAMETERS) return [tooLongError(path, MAX_PARAMETERS)];
  return typeof value === 'object' && !Array.isArray(value)
    ? []
    : [invalidError(path, '<value omitted>', 'must be a valid JSON object')];
}

export function validateToleration(toleration: DeviceToleration, path: string): FieldError[] {
  const { key, operator, value = '', effect } = toleration;
  const errors = key ? validateKey(key, `${path}.key`) : [];
  if (operator === 'Exists') {
    if (value !== '') errors.push(invalidError(`${path}.value`, value, 'must be empty for operator `Exists`'));
  } else if (operator === 'Equal') errors.push(...validateValue(value, `${path}.value`));
  else if (!operator) errors.push(requiredError(`${path}.operator`));
  else errors.push(notSupportedError(`${path}.operator`, operator, OPERATORS));
  if (effect && !EFFECTS.includes(effect)) errors.push(notSupportedError(`${path}.effect`, effect, EFFECTS));
  return errors;
}

export function validateDeviceClass({ spec }: DeviceClass): FieldError[] {
  const errors = [
    ...validateSelectors(spec?.selectors, 'spec.selectors'),
    ...validateList(spec?.config, 'spec.config', { max: MAX_CONFIGS, item: validateConfiguration }),
  ];
  const name = spec?.extendedResourceName;
  if (name !== undefined && !isExtendedName(name))
    errors.push(invalidError('spec.extendedResourceName', name, 'must be a valid extended resource name'));
  return errors;
}

/** Upstream: core/v1/helper IsExtendedResourceName. */
const isExtendedName = (name: string): boolean =>
  name.includes('/') &&
  !name.includes('kubernetes.io/') &&
  !name.startsWith('requests.') &&
  qualifiedName(`requests.${name}`).length === 0;
