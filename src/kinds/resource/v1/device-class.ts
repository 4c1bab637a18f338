import { rawText } from '../../../machinery/raw-values.ts';
import { defineKind } from '../../define-kind.ts';
import type { DeviceClass } from '../../generated/types/resource-v1.ts';
import { objectSchema } from '../../schema.ts';
import { raiseGeneration } from '../../strategy.ts';
import { validateDeviceClass } from './validate-class.ts';

export const deviceClasses = defineKind<DeviceClass>('resource.k8s.io/v1/deviceclasses', {
  generatedNames: 'unchecked',
  strategy: {
    prepareForUpdate(object, old) {
      const type = objectSchema('resource.k8s.io/v1.DeviceClassSpec');
      // The order of keys in parameters of drivers counts as well.
      if (rawText(type, object.spec) !== rawText(type, old.spec)) raiseGeneration(object, old);
    },
    validateCreate: validateDeviceClass,
    validateUpdate: validateDeviceClass,
  },
});
