/** Sets of completion indexes, as the status of a Job writes them: `0,2-5`. Upstream: job/indexed_job_utils.go. */
import type { Pod } from '../../kinds/index.ts';

export const INDEX = 'batch.kubernetes.io/job-completion-index';

/** The indexes in `text` below `limit`; what cannot be read is left out. */
export function parseIndexSet(text: string | undefined, limit: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of text ? text.split(',') : []) {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    for (let index = first; index <= Math.min(last, limit - 1); index++) indexes.add(index);
  }
  return indexes;
}

/** In order; three or more in a row become an interval. */
export function formatIndexSet(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (sorted[end + 1] === (sorted[end] as number) + 1) end++;
    parts.push(end > i + 1 ? `${sorted[i]}-${sorted[end]}` : sorted.slice(i, end + 1).join(','));
    i = end + 1;
  }
  return parts.join(',');
}

/** The completion index of a pod; undefined when it has none. */
export function indexOfPod({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[INDEX];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
