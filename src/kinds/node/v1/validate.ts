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
import { validateResources } from '../../core/v1/pod-spec/validate-resources.ts';
import { validateTolerations } from '../../core/v1/pod-spec/validate-scheduling.ts';
import type { Toleration } from '../../generated/types/core-v1.ts';
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
const validateOverhead = ({ podFixed }: Overhead): FieldError[] =>
  validateResources({ limits: podFixed ?? {} }, 'overhead', new Set());

function validateScheduling({ nodeSelector, tolerations }: Scheduling): FieldError[] {
  const errors = nodeSelector ? validateLabels(nodeSelector, 'scheduling.nodeSelector') : [];
  const path = 'scheduling.tolerations';
  const list = tolerations ?? [];
  errors.push(...validateTolerations(list, path));
  for (const [index, toleration] of list.entries())
    if (list.findIndex((other) => sameToleration(other, toleration)) < index)
      errors.push(duplicateError(`${path}[${index}]`, internalForm('core/v1.Toleration', toleration)));
  return errors;
}

/** How long a toleration lasts does not tell it from another. */
const sameToleration = (a: Toleration, b: Toleration): boolean =>
  (['key', 'operator', 'value', 'effect'] as const).every((field) => (a[field] ?? '') === (b[field] ?? ''));

export const validateRuntimeClassUpdate = (object: RuntimeClass, old: RuntimeClass): FieldError[] => [
  ...validateRuntimeClass(object),
  ...(object.handler === old.handler ? [] : [invalidError('handler', object.handler, 'field is immutable')]),
];
