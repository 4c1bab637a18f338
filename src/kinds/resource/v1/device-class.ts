import { defineKind } from '../../define-kind.ts';
import type { DeviceClass } from '../../generated/types/resource-v1.ts';
import { validateDeviceClass } from './validate-class.ts';

export const deviceClasses = defineKind<DeviceClass>('resource.k8s.io/v1/deviceclasses', {
  strategy: { validateCreate: validateDeviceClass, validateUpdate: validateDeviceClass },
});
