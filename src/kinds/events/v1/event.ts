import type { KubeObject } from '../../../machinery/meta.ts';
import { eventCells } from '../../cells/core.ts';
import { events } from '../../core/v1/event.ts';
import { defineKind } from '../../define-kind.ts';
import type { Event as CoreEvent } from '../../generated/types/core-v1.ts';
import type { Event } from '../../generated/types/events-v1.ts';
import { validateEventUpdate, validateNewEvent } from './validate.ts';

/** Upstream: apis/events/v1 conversion. */
function toCore(event: Event): CoreEvent {
  const { metadata, regarding, related, reason, note, type, eventTime, series, action } = event;
  return {
    kind: 'Event',
    apiVersion: 'v1',
    metadata,
    involvedObject: regarding ?? {},
    reason,
    message: note,
    source: event.deprecatedSource ?? {},
    firstTimestamp: event.deprecatedFirstTimestamp ?? null,
    lastTimestamp: event.deprecatedLastTimestamp ?? null,
    count: event.deprecatedCount,
    type,
    eventTime: eventTime ?? null,
    series,
    action,
    related,
    reportingComponent: event.reportingController ?? '',
    reportingInstance: event.reportingInstance ?? '',
  };
}

function fromCore(event: CoreEvent): Event {
  const { metadata, involvedObject, related, reason, message, type, eventTime, series, action } = event;
  return {
    kind: 'Event',
    apiVersion: 'events.k8s.io/v1',
    metadata,
    eventTime: (eventTime ?? null) as Event['eventTime'],
    series: series as Event['series'],
    reportingController: event.reportingComponent || undefined,
    reportingInstance: event.reportingInstance || undefined,
    action,
    reason,
    regarding: involvedObject,
    related,
    note: message,
    type,
    deprecatedSource: event.source ?? {},
    deprecatedFirstTimestamp: event.firstTimestamp ?? null,
    deprecatedLastTimestamp: event.lastTimestamp ?? null,
    deprecatedCount: event.count,
  };
}

/** The same objects as core events, under newer names. */
export const eventsV1 = defineKind<Event>('events.k8s.io/v1/events', {
  storedAs: 'events',
  storageVersion: 'v1',
  toStorage: (event) => toCore(event) as KubeObject,
  fromStorage: (object) => fromCore(object as CoreEvent),
  strategy: {
    validateCreate: (event) => validateNewEvent(toCore(event)),
    validateUpdate: (event, old) => validateEventUpdate(toCore(event), toCore(old)),
  },
  cells: (event, now) => eventCells(toCore(event), now),
  fieldsOf: (event) => events.fieldsOf?.(toCore(event)) ?? {},
  indexedFields: events.indexedFields,
  ownsNothing: true,
  storedFields: {
    'regarding.kind': 'involvedObject.kind',
    'regarding.namespace': 'involvedObject.namespace',
    'regarding.name': 'involvedObject.name',
    'regarding.uid': 'involvedObject.uid',
    'regarding.apiVersion': 'involvedObject.apiVersion',
    'regarding.resourceVersion': 'involvedObject.resourceVersion',
    'regarding.fieldPath': 'involvedObject.fieldPath',
    reportingController: 'reportingComponent',
  },
});
