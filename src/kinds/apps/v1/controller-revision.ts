import { controllerRevisionCells } from '../../cells/workloads.ts';
import { defineKind } from '../../define-kind.ts';
import type { ControllerRevision } from '../../generated/types/apps-v1.ts';

export const controllerRevisions = defineKind<ControllerRevision>('apps/v1/controllerrevisions', {
  cells: controllerRevisionCells,
});
