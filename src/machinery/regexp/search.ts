/** Runs programs over texts, in time that grows with the text and the program, whatever they are. */
import { isWordCode } from './char-set.ts';
import type { Instruction, Program } from './program.ts';
import type { Assertion } from './tree.ts';
import type { Work } from './work.ts';

/** What stands before and after a place; -1: nothing. */
interface Surroundings {
  before: number;
  after: number;
}

function holds(what: Assertion, { before, after }: Surroundings): boolean {
  switch (what) {
    case 'beginText':
      return before < 0;
    case 'endText':
      return after < 0;
    case 'beginLine':
      return before < 0 || before === 10;
    case 'endLine':
      return after < 0 || after === 10;
    case 'wordBoundary':
      return isWordCode(before) !== isWordCode(after);
    case 'noWordBoundary':
      return isWordCode(before) === isWordCode(after);
  }
}

const codeAt = (text: string, at: number): number => text.codePointAt(at) ?? -1;
const widthOf = (code: number): number => (code > 0xffff ? 2 : 1);

/** The places of a program that are reached at once, in the order of preference, each with where its match began. */
class Threads {
  readonly places: number[] = [];
  readonly starts: number[] = [];
  readonly #seen: Uint32Array;
  #round = 0;

  constructor(size: number) {
    this.#seen = new Uint32Array(size);
  }

  clear(): void {
    this.places.length = 0;
    this.starts.length = 0;
    this.#round++;
    if (this.#round === 0xffffffff) {
      this.#seen.fill(0);
      this.#round = 1;
    }
  }

  /** Adds a place and all that can be reached from it without a character. */
  add(instructions: readonly Instruction[], place: number, around: Surroundings & { start: number }): void {
    const stack = [place];
    while (stack.length > 0) {
      const at = stack.pop()!;
      if (this.#seen[at] === this.#round) continue;
      this.#seen[at] = this.#round;
      const instruction = instructions[at]!;
      if (instruction.op === 'split') stack.push(instruction.other, instruction.next);
      else if (instruction.op === 'assert') {
        if (holds(instruction.what, around)) stack.push(instruction.next);
      } else {
        this.places.push(at);
        this.starts.push(around.start);
      }
    }
  }
}

export interface Found {
  start: number;
  end: number;
}

/** Where a search begins, and what it adds its steps to. */
export interface Search {
  from: number;
  work: Work;
}

/** The first match from `from` on, of those that begin there the preferred one. */
export function search({ instructions, start }: Program, text: string, { from, work }: Search): Found | undefined {
  let now = new Threads(instructions.length);
  let next = new Threads(instructions.length);
  now.clear();
  let found: Found | undefined;
  let before = from === 0 ? -1 : codeBefore(text, from);
  for (let at = from; ; ) {
    const code = codeAt(text, at);
    // A match may begin anywhere until one is found, and earlier ones are preferred.
    if (found === undefined) now.add(instructions, start, { before, after: code, start: at });
    if (now.places.length === 0 && found !== undefined) return found;
    const width = code < 0 ? 0 : widthOf(code);
    const around = { before: code, after: codeAt(text, at + width) };
    next.clear();
    work.spend(now.places.length);
    for (let i = 0; i < now.places.length; i++) {
      const instruction = instructions[now.places[i]!]!;
      if (instruction.op === 'match') {
        found = { start: now.starts[i]!, end: at };
        break;
      }
      if (code >= 0 && instruction.op === 'char' && instruction.set.has(code))
        next.add(instructions, instruction.next, { ...around, start: now.starts[i]! });
    }
    if (code < 0) return found;
    [now, next] = [next, now];
    before = code;
    at += width;
  }
}

function codeBefore(text: string, at: number): number {
  const last = text.charCodeAt(at - 1);
  return last >= 0xdc00 && last < 0xe000 && at > 1 ? codeAt(text, at - 2) : last;
}
