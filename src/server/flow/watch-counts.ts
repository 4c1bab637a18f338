/** How many watches of this isolate an event would go to. Upstream: util/flowcontrol/watch_tracker.go. */
import { memberOf } from '../../machinery/own-member.ts';
import type { RequestInfo } from '../request-info.ts';

/** Resources whose watches are found by a field: a watch for one node costs writers of other pods nothing. */
const INDEXED: Readonly<Record<string, string>> = { pods: 'spec.nodeName' };

export class WatchCounts {
  readonly #counts = new Map<string, number>();

  /** Counts a watch in; call the result when it has ended. */
  add(info: RequestInfo, query: URLSearchParams): () => void {
    const field = memberOf(INDEXED, info.resource);
    if (field !== undefined && new RegExp(`(^|,)${field}==?[^,]`).test(query.get('fieldSelector') ?? ''))
      return () => undefined;
    const key = keyOf(info.group, info.resource, info.namespace, info.name);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#counts.get(key) ?? 0) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    };
  }

  /** Watches that a write of `info` concerns. */
  interested(info: RequestInfo): number {
    if (this.#counts.size === 0) return 0;
    const { group, resource, namespace, name } = info;
    let count = this.#counts.get(keyOf(group, resource, '', '')) ?? 0;
    if (namespace !== '') count += this.#counts.get(keyOf(group, resource, namespace, '')) ?? 0;
    if (name !== '') count += this.#counts.get(keyOf(group, resource, namespace, name)) ?? 0;
    return count;
  }
}

const keyOf = (...parts: readonly string[]): string => parts.join('\n');
