import type { Library } from '../declaration.ts';
import { compileRegex } from '../regex/index.ts';

function findAll(text: string, pattern: string, limit: number | bigint): readonly string[] {
  return compileRegex(pattern).findAll(text, Number(limit));
}

/** Upstream: pkg/cel/library/regex.go */
export function regexLibrary(): Library {
  return {
    find: {
      'string_find_string: string.(string) -> string': (text: string, pattern: string) =>
        compileRegex(pattern).find(text) ?? '',
    },
    findAll: {
      'string_find_all_string: string.(string) -> list(string)': (text: string, pattern: string) =>
        findAll(text, pattern, -1),
      'string_find_all_string_int: string.(string, int) -> list(string)': findAll,
    },
  };
}
