import { componentStatusCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import type { ComponentStatus } from '../../generated/types/core-v1.ts';

export const componentStatuses = defineKind<ComponentStatus>('core/v1/componentstatuses', {
  cells: componentStatusCells,
});
