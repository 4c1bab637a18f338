/** Expressions as programs of a machine that can be in many places at once. Upstream: regexp/syntax compile.go. */
import type { CharSet } from './char-set.ts';
import { type Assertion, type Node, RegexpError } from './tree.ts';

/** `next` comes after; of a `split`, it comes before `other`. */
export type Instruction =
  | { readonly op: 'char'; readonly set: CharSet; next: number }
  | { readonly op: 'assert'; readonly what: Assertion; next: number }
  | { readonly op: 'split'; next: number; other: number }
  | { readonly op: 'match' };

export interface Program {
  readonly instructions: readonly Instruction[];
  readonly start: number;
}

/** Larger programs are refused, as upstream refuses what takes too much memory. */
const MAX_INSTRUCTIONS = 250_000;

/** Compiles the tree of an expression. Throws a RegexpError. */
export function compileProgram(node: Node, source: string): Program {
  const compiler = new Compiler(source);
  const start = compiler.compile(node, compiler.add({ op: 'match' }));
  return { instructions: compiler.instructions, start };
}

class Compiler {
  readonly instructions: Instruction[] = [];
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  add(instruction: Instruction): number {
    if (this.instructions.length >= MAX_INSTRUCTIONS) throw new RegexpError('expression too large', this.#source);
    return this.instructions.push(instruction) - 1;
  }

  /** Where to begin in order to go through `node` and on to `next`. */
  compile(node: Node, next: number): number {
    switch (node.kind) {
      case 'empty':
        return next;
      case 'char':
        return this.add({ op: 'char', set: node.set, next });
      case 'assert':
        return this.add({ op: 'assert', what: node.what, next });
      case 'concat':
        return node.nodes.reduceRight((after, inner) => this.compile(inner, after), next);
      case 'alternate':
        return node.nodes
          .map((inner) => this.compile(inner, next))
          .reduceRight((other, one) => this.add({ op: 'split', next: one, other }));
      case 'repeat':
        return this.#repeat(node, next);
    }
  }

  #repeat(node: Extract<Node, { kind: 'repeat' }>, next: number): number {
    let out = next;
    let copies = node.min;
    if (node.max === Number.POSITIVE_INFINITY) {
      out = this.#loop(node, next);
      copies = Math.max(0, copies - 1);
    } else {
      for (let count = node.min; count < node.max; count++) {
        const inner = this.compile(node.node, out);
        out = this.#choice(node.lazy, { inner, skip: next });
      }
    }
    for (let count = 0; count < copies; count++) out = this.compile(node.node, out);
    return out;
  }

  /** Any number of times, at least once unless `min` is 0. */
  #loop({ node, lazy, min }: Extract<Node, { kind: 'repeat' }>, next: number): number {
    const split = { op: 'split' as const, next, other: next };
    const at = this.add(split);
    const inner = this.compile(node, at);
    if (lazy) split.other = inner;
    else split.next = inner;
    if (min > 0) return inner;
    // What can be empty is entered once by choice, so that its own preferences count.
    return isNullable(node) ? this.#choice(lazy, { inner, skip: next }) : at;
  }

  #choice(lazy: boolean, { inner, skip }: { inner: number; skip: number }): number {
    return this.add(lazy ? { op: 'split', next: skip, other: inner } : { op: 'split', next: inner, other: skip });
  }
}

/** Whether something can match without a character. */
function isNullable(node: Node): boolean {
  switch (node.kind) {
    case 'char':
      return false;
    case 'empty':
    case 'assert':
      return true;
    case 'concat':
      return node.nodes.every(isNullable);
    case 'alternate':
      return node.nodes.some(isNullable);
    case 'repeat':
      return node.min === 0 || isNullable(node.node);
  }
}
