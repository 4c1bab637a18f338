/** Patterns of schemas, compiled once and kept for all schemas. */
import { type CompiledRegexp, compileRegexp } from '../../regexp/index.ts';

const MAX_KEPT = 2_000;
const kept = new Map<string, CompiledRegexp>();

/** The compiled form of a pattern, which is searched for anywhere in a text. */
export function patternOf(source: string): CompiledRegexp {
  let pattern = kept.get(source);
  if (pattern === undefined) {
    pattern = compileRegexp(source);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(source, pattern);
  }
  return pattern;
}
