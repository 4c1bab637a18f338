import { type Pod, pods } from '../../kinds/index.ts';
import type { Write } from '../runtime/apply-plan.ts';
import { isTracked, TRACKING } from './job-state.ts';

/** Lets go of pods whose end is counted or never will be. */
export const untrack = (all: readonly Pod[]): Write[] =>
  all.filter(isTracked).map((pod) => ({
    type: 'patch',
    kind: pods,
    object: pod,
    patch: { metadata: { uid: pod.metadata.uid, '$deleteFromPrimitiveList/finalizers': [TRACKING] } },
    patchType: 'strategic',
  }));
