/**
 * Whether a text has a match anywhere: a deterministic automaton that is made of a program while it runs. Its states are
 * the places that the program can be in; each character costs one look-up once its step is known.
 */
import type { CharSet } from './char-set.ts';
import type { Program } from './program.ts';
import type { Work } from './work.ts';

const MAX_STATES = 1_000;
const MAX_CODES = 4_096;

interface State {
  /** Places that wait for a character, or for the end of the text. */
  readonly places: readonly number[];
  readonly matches: boolean;
  /** Nothing was read. */
  readonly atBegin: boolean;
  /** The next state by class of character. */
  readonly next: (State | undefined)[];
  matchesAtEnd: boolean | undefined;
}

/** Programs that only look at the ends of the text, which the states can tell. */
export const isSimple = ({ instructions }: Program): boolean =>
  instructions.every((one) => one.op !== 'assert' || ENDS.has(one.what));

const ENDS: ReadonlySet<string> = new Set(['beginText', 'endText']);

export class Automaton {
  readonly #program: Program;
  readonly #sets: readonly CharSet[];
  #states = new Map<string, State>();
  #first: State | undefined;
  /** Characters that no set of the program tells apart are of one class. */
  readonly #classes = new Map<string, number>();
  #classOfCode = new Map<number, number>();
  readonly #asciiClasses = new Int32Array(128).fill(-1);

  constructor(program: Program) {
    this.#program = program;
    this.#sets = [...new Set(program.instructions.flatMap((one) => (one.op === 'char' ? [one.set] : [])))];
  }

  test(text: string, work: Work): boolean {
    this.#first ??= this.#close([this.#program.start], true);
    let state = this.#first;
    for (let at = 0; at < text.length; at++) {
      if (state.matches) return true;
      let code = text.charCodeAt(at);
      if (code >= 0xd800 && code < 0xdc00) {
        code = text.codePointAt(at)!;
        if (code > 0xffff) at++;
      }
      const kind = this.#classOf(code);
      const known = state.next[kind];
      if (known === undefined) work.spend(state.places.length);
      state = known ?? this.#step(state, { code, kind });
    }
    state.matchesAtEnd ??= state.matches || this.#reachesEnd(state);
    return state.matchesAtEnd;
  }

  #step(state: State, { code, kind }: { code: number; kind: number }): State {
    const { instructions, start } = this.#program;
    const reached: number[] = [];
    for (const place of state.places) {
      const one = instructions[place]!;
      if (one.op === 'char' && one.set.has(code)) reached.push(one.next);
    }
    // A match may begin at any character.
    reached.push(start);
    const next = this.#close(reached, false);
    state.next[kind] = next;
    return next;
  }

  /** The state of what is reached from `from` without a character. */
  #close(from: readonly number[], atBegin: boolean): State {
    const { instructions } = this.#program;
    const seen = new Set<number>();
    const places: number[] = [];
    let matches = false;
    const stack = [...from];
    while (stack.length > 0) {
      const at = stack.pop()!;
      if (seen.has(at)) continue;
      seen.add(at);
      const one = instructions[at]!;
      if (one.op === 'match') matches = true;
      else if (one.op === 'split') stack.push(one.next, one.other);
      else if (one.op === 'char' || one.what === 'endText') places.push(at);
      else if (atBegin) stack.push(one.next);
    }
    places.sort((a, b) => a - b);
    return this.#keep({ places, matches, atBegin, next: [], matchesAtEnd: undefined });
  }

  #keep(state: State): State {
    const name = `${state.atBegin} ${state.matches} ${state.places.join()}`;
    const known = this.#states.get(name);
    if (known !== undefined) return known;
    if (this.#states.size >= MAX_STATES) {
      // States that are forgotten are made again; what is held of them goes with this text.
      this.#states = new Map();
      this.#first = undefined;
    }
    this.#states.set(name, state);
    return state;
  }

  #reachesEnd(state: State): boolean {
    const { instructions } = this.#program;
    const seen = new Set<number>();
    const stack = state.places.filter((place) => instructions[place]!.op === 'assert');
    while (stack.length > 0) {
      const at = stack.pop()!;
      if (seen.has(at)) continue;
      seen.add(at);
      const one = instructions[at]!;
      if (one.op === 'match') return true;
      if (one.op === 'split') stack.push(one.next, one.other);
      else if (one.op === 'assert' && (one.what === 'endText' || state.atBegin)) stack.push(one.next);
    }
    return false;
  }

  #classOf(code: number): number {
    const known = code < 128 ? this.#asciiClasses[code]! : (this.#classOfCode.get(code) ?? -1);
    if (known >= 0) return known;
    const signature = this.#sets.map((set) => (set.has(code) ? '1' : '0')).join('');
    let kind = this.#classes.get(signature);
    if (kind === undefined) {
      kind = this.#classes.size;
      this.#classes.set(signature, kind);
    }
    if (code < 128) this.#asciiClasses[code] = kind;
    else {
      if (this.#classOfCode.size >= MAX_CODES) this.#classOfCode = new Map();
      this.#classOfCode.set(code, kind);
    }
    return kind;
  }
}
