import type { FieldError } from '../../../machinery/status.ts';
import { invalidError, requiredError } from '../../../machinery/validation/index.ts';
import { controllerRevisionCells } from '../../cells/workloads.ts';
import { defineKind } from '../../define-kind.ts';
import type { ControllerRevision } from '../../generated/types/apps-v1.ts';
import { nonNegative } from '../../numbers.ts';

/** Upstream: apps/validation ValidateControllerRevision. */
function validateRevision({ data, revision }: ControllerRevision): FieldError[] {
  const errors = nonNegative(revision, 'revision');
  if (data === undefined || data === null) errors.push(requiredError('data', 'data is mandatory'));
  else if (typeof data !== 'object' || Array.isArray(data))
    errors.push(requiredError('data', 'data must be a valid JSON object'));
  return errors;
}

export const controllerRevisions = defineKind<ControllerRevision>('apps/v1/controllerrevisions', {
  cells: controllerRevisionCells,
  strategy: {
    validateCreate: validateRevision,
    validateUpdate: (revision, old) => [
      ...nonNegative(revision.revision, 'revision'),
      // Upstream compares the texts, which the order of keys is a part of.
      ...(JSON.stringify(revision.data) === JSON.stringify(old.data)
        ? []
        : [invalidError('data', revision.data ?? null, 'field is immutable')]),
    ],
  },
});
