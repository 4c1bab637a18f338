import { apiTime } from '../../../machinery/time.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '../../generated/types/apiextensions-v1.ts';

/** A condition before it is known when its status last changed. */
export type DefinitionCondition = Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'>;

/** Sets a condition of a definition; `now`: milliseconds since the epoch. Upstream: apihelpers.SetCRDCondition. */
export function setDefinitionCondition(
  definition: CustomResourceDefinition,
  { type, status, reason, message }: DefinitionCondition,
  now: number,
): void {
  definition.status ??= {};
  definition.status.conditions ??= [];
  const { conditions } = definition.status;
  const time = apiTime(now);
  const at = conditions.findIndex((condition) => condition.type === type);
  const present = conditions[at];
  const lastTransitionTime = present?.status === status ? (present.lastTransitionTime ?? time) : time;
  const condition = {
    ...{ type, status, lastTransitionTime },
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
  if (present) conditions[at] = condition;
  else conditions.push(condition);
}
