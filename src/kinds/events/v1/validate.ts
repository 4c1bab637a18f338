/** Rules of events, of both their groups. Upstream: pkg/apis/core/validation/events.go. */
import type { FieldError } from '../../../machinery/status.ts';
import {
  dns1123Subdomain,
  invalidError,
  invalidErrors,
  qualifiedName,
  requiredError,
} from '../../../machinery/validation/index.ts';
import { equalJson } from '../../equal-json.ts';
import type { Event } from '../../generated/types/core-v1.ts';
import { internalForm } from '../../internal-form.ts';

const MAX_TEXT = 128;
const MAX_MESSAGE = 1024;
const MISPLACED = 'does not match event.namespace';
const IMMUTABLE = 'field is immutable';
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** What holds for events of both groups; `controllerField` is what its group calls the reporting controller. */
export function validateAnyEvent(
  event: Event,
  controllerField: 'reportingComponent' | 'reportingController',
): FieldError[] {
  const namespace = event.metadata.namespace ?? '';
  const errors = event.eventTime ? validateReport(event, controllerField) : validateOldForm(event);
  return [...errors, ...invalidErrors('namespace', namespace, dns1123Subdomain(namespace))];
}

/** Events without a time of their own are in the namespace of what they are about. */
function validateOldForm({ metadata, involvedObject }: Event): FieldError[] {
  const own = metadata.namespace ?? '';
  const theirs = involvedObject.namespace ?? '';
  const fits = theirs === '' ? own === '' || own === 'default' : own === theirs;
  return fits ? [] : [invalidError('involvedObject.namespace', theirs, MISPLACED)];
}

function validateReport(event: Event, controllerField: string): FieldError[] {
  const { metadata, involvedObject, reportingComponent: controller = '' } = event;
  const errors: FieldError[] = [];
  if (!involvedObject.namespace && !['default', 'kube-system'].includes(metadata.namespace ?? ''))
    errors.push(invalidError('involvedObject.namespace', '', MISPLACED));
  if (controller === '') errors.push(requiredError(controllerField));
  errors.push(...invalidErrors(controllerField, controller, qualifiedName(controller)));
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const text = event[field] ?? '';
    if (text === '') errors.push(requiredError(field));
    if (bytesOf(text) > MAX_TEXT) errors.push(invalidError(field, '', `can have at most ${MAX_TEXT} characters`));
  }
  if (bytesOf(event.message ?? '') > MAX_MESSAGE)
    errors.push(invalidError('message', '', `can have at most ${MAX_MESSAGE} characters`));
  return errors;
}

/** New events of `events.k8s.io` are held to more. */
export function validateNewEvent(event: Event): FieldError[] {
  const errors = [...validateAnyEvent(event, 'reportingController'), ...validateSeries(event)];
  if (!event.eventTime) errors.push(requiredError('eventTime'));
  if (event.type !== 'Normal' && event.type !== 'Warning')
    errors.push(invalidError('type', '', `has invalid value: ${event.type ?? ''}`));
  const unset = (field: string, isSet: boolean): void => {
    if (isSet) errors.push(invalidError(field, '', 'needs to be unset'));
  };
  unset('firstTimestamp', Boolean(event.firstTimestamp));
  unset('lastTimestamp', Boolean(event.lastTimestamp));
  unset('count', Boolean(event.count));
  unset('source', Boolean(event.source?.component || event.source?.host));
  return errors;
}

function validateSeries({ series }: Event): FieldError[] {
  if (!series) return [];
  const errors: FieldError[] = [];
  if ((series.count ?? 0) < 2) errors.push(invalidError('series.count', '', 'should be at least 2'));
  if (!series.lastObservedTime) errors.push(requiredError('series.lastObservedTime'));
  return errors;
}

/** The fields that stay, in the order of upstream's checks; it asks for the reason twice. */
const FIXED: readonly (readonly [field: keyof Event & string, type?: string])[] = [
  ['involvedObject', 'core/v1.ObjectReference'],
  ['reason'],
  ['message'],
  ['source', 'core/v1.EventSource'],
  ['firstTimestamp'],
  ['lastTimestamp'],
  ['count'],
  ['reason'],
  ['type'],
  ['eventTime'],
  ['action'],
  ['related', 'core/v1.ObjectReference'],
  ['reportingComponent'],
  ['reportingInstance'],
];

export function validateEventUpdate(event: Event, old: Event): FieldError[] {
  const errors = validateAnyEvent(event, 'reportingController');
  if (!equalJson(event.series ?? null, old.series ?? null)) errors.push(...validateSeries(event));
  for (const [field, type] of FIXED) {
    const [now, before] = [event[field] ?? null, old[field] ?? null];
    if (equalJson(now || null, before || null)) continue;
    const name = field === 'reportingComponent' ? 'reportingController' : field;
    const isNull = type !== undefined || field === 'eventTime';
    const shown = type !== undefined && now !== null ? internalForm(type, now) : (now ?? (isNull ? null : ''));
    errors.push(invalidError(name, shown, IMMUTABLE));
  }
  return errors;
}
