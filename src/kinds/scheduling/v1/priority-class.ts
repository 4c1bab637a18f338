import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { PriorityClass } from '../../generated/types/scheduling-v1.ts';
import { validatePriorityClass, validatePriorityClassUpdate } from './validate.ts';

export const priorityClasses = defineKind<PriorityClass>('scheduling.k8s.io/v1/priorityclasses', {
  cached: true,
  defaults(object) {
    object.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  cells: (object, now) => [
    nameOf(object),
    object.value,
    object.globalDefault ?? false,
    age(object, now),
    object.preemptionPolicy ?? '',
  ],
  strategy: { validateCreate: validatePriorityClass, validateUpdate: validatePriorityClassUpdate },
});
