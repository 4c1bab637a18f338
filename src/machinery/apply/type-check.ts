/** Whether objects fit their schema as structured merge sees it. Upstream: structured-merge-diff/typed AsTyped. */
import type { KubeObject } from '../meta.ts';
import type { ObjectSchema } from '../schema.ts';
import { StatusError } from '../status.ts';
import { faultsText, validateTyped } from './config-set.ts';
import { typedNode } from './typed-node.ts';

/** Equal items of a set are let pass, as upstream's AllowDuplicates does. */
export const fitsType = (schema: ObjectSchema, object: KubeObject): boolean =>
  validateTyped(typedNode(schema), object).every((fault) => fault.includes('duplicate entries for key'));

/** Throws a 500 StatusError that lists what does not fit. */
export function checkType(schema: ObjectSchema, object: KubeObject): void {
  const faults = validateTyped(typedNode(schema), object);
  if (faults.length > 0) throw new StatusError(500, '', faultsText(faults));
}
