import { defineKind } from '../../define-kind.ts';
import type { PriorityLevelConfiguration } from '../../generated/types/flowcontrol-v1.ts';

export const priorityLevelConfigurations = defineKind<PriorityLevelConfiguration>(
  'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
  {},
);
