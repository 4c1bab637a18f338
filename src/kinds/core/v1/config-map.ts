import { configMapCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { ConfigMap } from '../../generated/types/core-v1.ts';
import { validateConfigMap, validateConfigMapUpdate } from './validate-config.ts';

export const configMaps = defineKind<ConfigMap>('core/v1/configmaps', {
  cells: configMapCells,
  strategy: { validateCreate: validateConfigMap, validateUpdate: validateConfigMapUpdate },
});
