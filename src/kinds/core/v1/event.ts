import { eventCells } from '../../cells/core.ts';
import { defineKind } from '../../define-kind.ts';
import { validateAnyEvent } from '../../events/v1/validate.ts';
import type { Event } from '../../generated/types/core-v1.ts';

const validate = (event: Event) => validateAnyEvent(event, 'reportingComponent');

export const events = defineKind<Event>('core/v1/events', {
  fieldsOf({ involvedObject, reason, source, type, reportingComponent }) {
    return {
      'involvedObject.kind': involvedObject.kind ?? '',
      'involvedObject.namespace': involvedObject.namespace ?? '',
      'involvedObject.name': involvedObject.name ?? '',
      'involvedObject.uid': involvedObject.uid ?? '',
      'involvedObject.apiVersion': involvedObject.apiVersion ?? '',
      'involvedObject.resourceVersion': involvedObject.resourceVersion ?? '',
      'involvedObject.fieldPath': involvedObject.fieldPath ?? '',
      reason: reason ?? '',
      reportingComponent: reportingComponent ?? '',
      source: source?.component || (reportingComponent ?? ''),
      type: type ?? '',
    };
  },
  indexedFields: ['involvedObject.uid'],
  ownsNothing: true,
  strategy: { validateCreate: validate, validateUpdate: validate },
  cells: eventCells,
});
