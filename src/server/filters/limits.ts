/** Bounds on what one isolate answers at a time. Upstream: server/filters/maxinflight.go. */
import { tooManyRequests } from '../../machinery/status.ts';
import { isLongRunning } from '../metrics.ts';
import type { RequestScope } from '../scope.ts';

export interface Limits {
  /** Throws 429 when too many requests run; otherwise call the result when this one is done. */
  enter(scope: RequestScope): () => void;
}

const READ_ONLY = new Set(['get', 'list', 'watch']);
const free = (): void => undefined;

/** Limits as upstream's defaults: 400 reads and 200 writes at a time; members of system:masters and long requests pass. */
export function createLimits(maxReads = 400, maxWrites = 200): Limits {
  let reads = 0;
  let writes = 0;
  return {
    enter(scope) {
      if (isLongRunning(scope) || scope.user.groups.includes('system:masters')) return free;
      if (READ_ONLY.has(scope.info.verb)) {
        if (reads >= maxReads) throw tooManyRequests('too many requests, please try again later', 1);
        reads++;
        return () => reads--;
      }
      if (writes >= maxWrites) throw tooManyRequests('too many requests, please try again later', 1);
      writes++;
      return () => writes--;
    },
  };
}
