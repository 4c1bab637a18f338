/** What answers each subresource. A new one is one file and one line. */
import type { Kind } from '../../machinery/kind.ts';
import { bindingSubresource } from './binding.ts';
import { evictionSubresource } from './eviction.ts';
import type { SubresourceHandler } from './handler.ts';
import { logSubresource } from './log.ts';
import { objectSubresource } from './object.ts';
import { attachSubresource, execSubresource, portForwardSubresource } from './pod-stream.ts';
import { proxySubresource } from './proxy.ts';
import { scaleSubresource } from './scale.ts';
import { tokenSubresource } from './token.ts';

const HANDLERS: ReadonlyMap<string, SubresourceHandler> = new Map([
  ['approval', objectSubresource],
  ['attach', attachSubresource],
  ['binding', bindingSubresource],
  ['ephemeralcontainers', objectSubresource],
  ['eviction', evictionSubresource],
  ['exec', execSubresource],
  ['finalize', objectSubresource],
  ['log', logSubresource],
  ['portforward', portForwardSubresource],
  ['proxy', proxySubresource],
  ['resize', objectSubresource],
  ['scale', scaleSubresource],
  ['status', objectSubresource],
  ['token', tokenSubresource],
]);

/** Collections that stand for a subresource, by storage resource. */
const COLLECTIONS: ReadonlyMap<string, SubresourceHandler> = new Map([['bindings', bindingSubresource]]);

/** The handler of a subresource, or with an empty name of a collection that stands for one. */
export function findSubresource(kind: Kind, name: string): SubresourceHandler | undefined {
  return name === '' ? COLLECTIONS.get(kind.storedAs) : HANDLERS.get(name);
}
