/** Patterns of schemas, compiled once. Upstream: regexp.Compile, searched for anywhere in a text. */

export type Pattern =
  | { readonly ok: true; test(text: string): boolean }
  /** `error`: what upstream says of the pattern. */
  | { readonly ok: false; readonly error: string };

const MAX_KEPT = 2_000;
const kept = new Map<string, Pattern>();

/** The compiled form of a pattern. */
export function patternOf(source: string): Pattern {
  let pattern = kept.get(source);
  if (pattern === undefined) {
    pattern = compile(source);
    if (kept.size >= MAX_KEPT) kept.clear();
    kept.set(source, pattern);
  }
  return pattern;
}

function compile(source: string): Pattern {
  try {
    const regexp = new RegExp(source, 'u');
    return { ok: true, test: (text) => regexp.test(text) };
  } catch (error) {
    return { ok: false, error: (error as Error).message };
  }
}
