import { compileRegexp, type Regexp, RegexpLimitError, Work } from '../regexp/index.ts';
import { CelFault } from './values.ts';
import { spend } from './work.ts';

/** Patterns are few and come again with every evaluation. */
const kept = new Map<string, Regexp>();
const maxKept = 1000;

/** A compiled pattern. Throws a fault with Go's text where it is none. */
export function compileRegex(pattern: string): Regexp {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  const compiled = compileRegexp(pattern);
  if (!compiled.ok) throw new CelFault(compiled.error);
  if (kept.size >= maxKept) kept.clear();
  kept.set(pattern, compiled.regexp);
  return compiled.regexp;
}

/** Runs a search; one that takes too long ends as an expression that costs too much. */
export function searching<T>(search: (work: Work) => T): T {
  try {
    const work = new Work();
    const found = search(work);
    spend(work.steps);
    return found;
  } catch (error) {
    if (error instanceof RegexpLimitError) throw new CelFault('operation cancelled: actual cost limit exceeded', true);
    throw error;
  }
}
