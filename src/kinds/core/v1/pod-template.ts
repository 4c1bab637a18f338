import type { FieldError } from '../../../machinery/status.ts';
import { podTemplateCells } from '../../cells/workloads.ts';
import { defineKind } from '../../define-kind.ts';
import type { PodSpec, PodTemplate } from '../../generated/types/core-v1.ts';
import { setPodTemplateDefaults } from './pod-spec/defaults.ts';
import { validatePodTemplate } from './pod-spec/validate-spec.ts';
import { templateStrategy } from './template-strategy.ts';

const validateTemplate = ({ template }: PodTemplate): FieldError[] =>
  validatePodTemplate(template?.spec ? template : { ...template, spec: {} as PodSpec }, 'template');

export const podTemplates = defineKind<PodTemplate>('core/v1/podtemplates', {
  defaults: (object) => setPodTemplateDefaults(object.template),
  strategy: templateStrategy({
    template: (object: PodTemplate) => object.template,
    path: 'template',
    own: {
      validateCreate: validateTemplate,
      validateUpdate: validateTemplate,
    },
  }),
  cells: podTemplateCells,
});
