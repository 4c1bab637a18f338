import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { RuntimeClass } from '../../generated/types/node-v1.ts';

export const runtimeClasses = defineKind<RuntimeClass>('node.k8s.io/v1/runtimeclasses', {
  cached: true,
  cells: (object, now) => [nameOf(object), object.handler, age(object, now)],
});
