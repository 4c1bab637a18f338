import type { Regexp } from '../../regexp/index.ts';
import type { Library } from '../declaration.ts';
import { compileRegex, searching } from '../regex.ts';
import { CelFault } from '../values.ts';

function compiled(pattern: string): Regexp {
  try {
    return compileRegex(pattern);
  } catch (error) {
    throw error instanceof CelFault ? new CelFault(`Illegal regex: ${error.message}`) : error;
  }
}

function find(text: string, pattern: string): string {
  return searching((work) => compiled(pattern).find(text, work)) ?? '';
}

function findAll(text: string, pattern: string, limit: number | bigint): readonly string[] {
  return searching((work) => compiled(pattern).findAll(text, Number(limit), work));
}

/** Upstream: pkg/cel/library/regex.go */
export function regexLibrary(): Library {
  return {
    find: { 'string_find_string: string.(string) -> string': find },
    findAll: {
      'string_find_all_string: string.(string) -> list(string)': (text: string, pattern: string) =>
        findAll(text, pattern, -1),
      'string_find_all_string_int: string.(string, int) -> list(string)': findAll,
    },
  };
}
