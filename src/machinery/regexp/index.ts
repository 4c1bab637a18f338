/**
 * Regular expressions as Go and RE2 have them: no look-around and no back-references, and matching in linear time, so
 * that expressions and texts of clients can be trusted with each other.
 */
import { Automaton, isSimple } from './automaton.ts';
import { compileProgram, type Program } from './program.ts';
import { search } from './search.ts';
import { parseRegexp } from './syntax.ts';
import { RegexpError } from './tree.ts';
import { Work } from './work.ts';

export { RegexpLimitError, Work } from './work.ts';

/** Searches throw a RegexpLimitError when they take too long; those that share their `work` are one to that. */
export interface Regexp {
  /** Whether a match is anywhere in the text. */
  test(text: string, work?: Work): boolean;
  /** The first match. */
  find(text: string, work?: Work): string | undefined;
  /** Matches that do not overlap, at most `limit` of them unless it is negative. */
  findAll(text: string, limit: number, work?: Work): string[];
}

export type CompiledRegexp =
  | { readonly ok: true; readonly regexp: Regexp }
  /** `error`: what Go says of the expression. */
  | { readonly ok: false; readonly error: string };

/** Compiles an expression. Upstream: regexp.Compile. */
export function compileRegexp(source: string): CompiledRegexp {
  try {
    return { ok: true, regexp: new CompiledProgram(compileProgram(parseRegexp(source), source)) };
  } catch (error) {
    if (error instanceof RegexpError) return { ok: false, error: error.message };
    throw error;
  }
}

class CompiledProgram implements Regexp {
  readonly #program: Program;
  #automaton: Automaton | undefined | null = null;

  constructor(program: Program) {
    this.#program = program;
  }

  test(text: string, work = new Work()): boolean {
    if (this.#automaton === null) this.#automaton = isSimple(this.#program) ? new Automaton(this.#program) : undefined;
    return this.#automaton?.test(text, work) ?? search(this.#program, text, { from: 0, work }) !== undefined;
  }

  find(text: string, work = new Work()): string | undefined {
    const found = search(this.#program, text, { from: 0, work });
    return found && text.slice(found.start, found.end);
  }

  findAll(text: string, limit: number, work = new Work()): string[] {
    const out: string[] = [];
    let lastEnd = -1;
    for (let at = 0; at <= text.length && (limit < 0 || out.length < limit); ) {
      const found = search(this.#program, text, { from: at, work });
      if (found === undefined) break;
      const empty = found.start === found.end;
      // Nothing right after a match is no match of its own.
      if (!empty || found.start !== lastEnd) out.push(text.slice(found.start, found.end));
      lastEnd = found.end;
      at = empty ? found.end + ((text.codePointAt(found.end) ?? 0) > 0xffff ? 2 : 1) : found.end;
    }
    return out;
  }
}
