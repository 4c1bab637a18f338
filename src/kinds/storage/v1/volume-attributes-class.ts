import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import type { VolumeAttributesClass } from '../../generated/types/storage-v1.ts';
import { validateVolumeAttributesClass, validateVolumeAttributesClassUpdate } from './validate.ts';

export const volumeAttributesClasses = defineKind<VolumeAttributesClass>('storage.k8s.io/v1/volumeattributesclasses', {
  strategy: { validateCreate: validateVolumeAttributesClass, validateUpdate: validateVolumeAttributesClassUpdate },
  cells: (object, now) => [nameOf(object), object.driverName, age(object, now)],
});
