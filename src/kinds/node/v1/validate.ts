/** Rules of runtime classes. Upstream: pkg/apis/node/validation. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Label,
  duplicateError,
  invalidError,
  invalidErrors,
  requiredError,
  validateLabels,
} from '../../../machinery/validation/index.ts';
import { validateTolerations } from '../../core/v1/pod-spec/validate-scheduling.ts';
import { validateContainerResourceName, validateResourceValue } from '../../core/v1/resource-names.ts';
import { equalJson } from '../../equal-json.ts';
import type { Overhead, RuntimeClass, Scheduling } from '../../generated/types/node-v1.ts';
import { internalForm } from '../../internal-form.ts';

export function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  return [
    ...(handler ? invalidErrors('handler', handler, dns1123Label(handler)) : [requiredError('handler')]),
    ...(overhead ? validateOverhead(overhead) : []),
    ...(scheduling ? validateScheduling(scheduling) : []),
  ];
}

/** What a pod takes on top is written as limits of a container are. */
function validateOverhead({ podFixed }: Overhead): FieldError[] {
  return Object.entries(podFixed ?? {}).flatMap(([name, quantity]) => {
    const at = `overhead.limits[${name}]`;
    return [...validateContainerResourceName(name, at), ...validateResourceValue(name, quantity, at)];
  });
}

function validateScheduling({ nodeSelector, tolerations }: Scheduling): FieldError[] {
  const errors = nodeSelector ? validateLabels(nodeSelector, 'scheduling.nodeSelector') : [];
  const path = 'scheduling.tolerations';
  const list = tolerations ?? [];
  errors.push(...validateTolerations(list, path));
  for (const [index, toleration] of list.entries())
    if (list.findIndex((other) => equalJson(other, toleration)) < index)
      errors.push(duplicateError(`${path}[${index}]`, internalForm('core/v1.Toleration', toleration)));
  return errors;
}

export const validateRuntimeClassUpdate = (object: RuntimeClass, old: RuntimeClass): FieldError[] => [
  ...validateRuntimeClass(object),
  ...(object.handler === old.handler ? [] : [invalidError('handler', object.handler, 'field is immutable')]),
];
