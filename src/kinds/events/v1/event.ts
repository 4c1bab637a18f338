import { defineKind } from '../../define-kind.ts';
import type { Event } from '../../generated/types/events-v1.ts';

export const eventsV1 = defineKind<Event>('events.k8s.io/v1/events', {});
