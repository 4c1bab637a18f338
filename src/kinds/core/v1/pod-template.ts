import { podTemplateCells } from '../../cells/workloads.ts';
import { defineKind } from '../../define-kind.ts';
import type { PodTemplate } from '../../generated/types/core-v1.ts';
import { setPodTemplateDefaults } from './pod-spec/defaults.ts';

export const podTemplates = defineKind<PodTemplate>('core/v1/podtemplates', {
  defaults: (object) => setPodTemplateDefaults(object.template),
  cells: podTemplateCells,
});
