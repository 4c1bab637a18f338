import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { RuntimeClass } from '../../generated/types/node-v1.ts';
import { validateRuntimeClass, validateRuntimeClassUpdate } from './validate.ts';

export const runtimeClasses = defineKind<RuntimeClass>('node.k8s.io/v1/runtimeclasses', {
  cached: true,
  strategy: { validateCreate: validateRuntimeClass, validateUpdate: validateRuntimeClassUpdate },
  cells: (object, now) => [nameOf(object), object.handler, age(object, now)],
});
