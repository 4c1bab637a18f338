/** Rules of replication controllers. Upstream: core/validation ValidateReplicationController. */
import type { FieldError } from '../../../machinery/status.ts';
import { forbiddenError, invalidError, notSupportedError, requiredError } from '../../../machinery/validation/index.ts';
import type { ReplicationController } from '../../generated/types/core-v1.ts';
import { nonNegative } from '../../numbers.ts';
import { validatePodTemplate } from './pod-spec/validate-spec.ts';

export function validateReplicationController({ spec }: ReplicationController): FieldError[] {
  const errors = nonNegative(spec.minReadySeconds, 'spec.minReadySeconds');
  const selector = spec.selector ?? {};
  if (Object.keys(selector).length === 0) errors.push(requiredError('spec.selector'));
  errors.push(...nonNegative(spec.replicas, 'spec.replicas'));
  const { template } = spec;
  if (!template) return [...errors, requiredError('spec.template')];
  const labels = template.metadata?.labels;
  if (!Object.entries(selector).every(([key, value]) => labels?.[key] === value)) {
    errors.push(
      invalidError('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'),
    );
  }
  errors.push(...validatePodTemplate(template, 'spec.template'));
  if (template.spec.restartPolicy !== 'Always')
    errors.push(notSupportedError('spec.template.spec.restartPolicy', template.spec.restartPolicy, ['Always']));
  if (template.spec.activeDeadlineSeconds !== undefined) {
    errors.push(
      forbiddenError(
        'spec.template.spec.activeDeadlineSeconds',
        'activeDeadlineSeconds in ReplicationController is not Supported',
      ),
    );
  }
  return errors;
}
