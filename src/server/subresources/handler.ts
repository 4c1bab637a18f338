import type { SubresourceDefinition } from '../../machinery/kind.ts';
import type { ResourceCall } from '../scope.ts';

/** Answers all methods of one subresource. */
export interface SubresourceHandler {
  /** Absent definition: the kind itself stands for the subresource, as Binding does. */
  answer(call: ResourceCall, definition: SubresourceDefinition | undefined): Promise<Response>;
}
