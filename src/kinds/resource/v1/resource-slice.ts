import { apiTime } from '../../../machinery/time.ts';
import { age, nameOf } from '../../cells/text.ts';
import { defineKind } from '../../define-kind.ts';
import { equalJson } from '../../equal-json.ts';
import type { ResourceSlice } from '../../generated/types/resource-v1.ts';
import { raiseGeneration } from '../../strategy.ts';
import { validateSlice, validateSliceUpdate } from './validate-slice.ts';

/** A taint without a time was added just now. */
function stampTaints({ spec }: ResourceSlice, now: number): void {
  const time = apiTime(now);
  for (const device of spec.devices ?? []) for (const taint of device.taints ?? []) taint.timeAdded ??= time;
}

/** The fields of features that are off. */
function dropGated({ spec }: ResourceSlice): void {
  for (const device of spec.devices ?? []) {
    delete device.nodeAllocatableResourceMappings;
    for (const attribute of Object.values(device.attributes ?? {}))
      for (const list of ['ints', 'bools', 'strings', 'versions'] as const) delete attribute[list];
  }
}

const warnOfCase = ({ spec: { driver = '' } }: ResourceSlice): string[] =>
  driver === driver.toLowerCase()
    ? []
    : [`spec.driver: driver names should be lowercase; ${JSON.stringify(driver)} contains uppercase characters`];

export const resourceSlices = defineKind<ResourceSlice>('resource.k8s.io/v1/resourceslices', {
  strategy: {
    prepareForCreate(slice, { now }) {
      dropGated(slice);
      stampTaints(slice, now);
    },
    prepareForUpdate(slice, old, { now }) {
      stampTaints(slice, now);
      // Fields that are dropped count as changes all the same.
      if (!equalJson(slice.spec, old.spec)) raiseGeneration(slice, old);
      dropGated(slice);
    },
    validateCreate: validateSlice,
    validateUpdate: validateSliceUpdate,
    warningsOnCreate: warnOfCase,
    warningsOnUpdate: warnOfCase,
  },
  fieldsOf: ({ spec }) => ({ 'spec.nodeName': spec.nodeName ?? '', 'spec.driver': spec.driver }),
  cells: (slice, now) => [
    nameOf(slice),
    slice.spec.nodeName ?? '',
    slice.spec.driver,
    slice.spec.pool.name,
    age(slice, now),
  ],
});
