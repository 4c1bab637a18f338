import { hasSentEmpty } from '../../../machinery/explicit-empty.ts';
import type { KubeObject } from '../../../machinery/meta.ts';
import { raiseGeneration } from '../../strategy.ts';

/** Upstream compares empty lists of webhooks with absent ones, and finds them to differ. */
export function countEmptyLists(object: KubeObject, old: KubeObject): void {
  if (hasSentEmpty(object.webhooks)) raiseGeneration(object, old);
}
