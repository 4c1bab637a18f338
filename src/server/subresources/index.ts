/** What answers each subresource. A new one is one file and one line. */
import type { Kind, SubresourceDefinition } from '../../machinery/kind.ts';
import type { ResourceCall } from '../scope.ts';
import { objectSubresource } from './object.ts';

export interface SubresourceHandler {
  /** The methods do not matter, as for proxies. */
  anyVerb?: boolean;
  answer(call: ResourceCall, definition: SubresourceDefinition | undefined): Promise<Response>;
}

const HANDLERS: Readonly<Record<string, SubresourceHandler>> = {
  status: objectSubresource,
  finalize: objectSubresource,
  approval: objectSubresource,
  ephemeralcontainers: objectSubresource,
  resize: objectSubresource,
};

/** The handler of a subresource; the empty name is for kinds that stand for one (Binding). */
export function findSubresource(_kind: Kind, name: string): SubresourceHandler | undefined {
  return Object.hasOwn(HANDLERS, name) ? HANDLERS[name] : undefined;
}
