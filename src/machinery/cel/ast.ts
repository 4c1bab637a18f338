import type { CelType } from './contract.ts';
import type { Overload } from './declaration.ts';

/** A node's place is the offset of the token that upstream reports it at. The checker fills in types and overloads. */
interface Node {
  readonly at: number;
  type?: CelType;
  /** How many nested operators lie below, as upstream counts recursion. */
  height?: number;
}

export interface LiteralNode extends Node {
  readonly kind: 'literal';
  readonly value: unknown;
  readonly of: CelType;
}

export interface IdentNode extends Node {
  readonly kind: 'ident';
  name: string;
}

export interface SelectNode extends Node {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  /** `has(operand.field)` */
  readonly test: boolean;
  /** The qualified variable or type that the whole path names. */
  resolved?: string;
}

export interface CallNode extends Node {
  readonly kind: 'call';
  name: string;
  target: Expr | undefined;
  readonly args: readonly Expr[];
  /** The overloads that the argument types allow; several where types are known only when it runs. */
  overloads?: readonly Overload[];
}

export interface ListNode extends Node {
  readonly kind: 'list';
  readonly elements: readonly Expr[];
  /** Positions of `[?element]`. */
  readonly optional: ReadonlySet<number>;
}

export interface EntryNode {
  readonly at: number;
  readonly key: Expr;
  readonly value: Expr;
  readonly optional: boolean;
}

export interface MapNode extends Node {
  readonly kind: 'map';
  readonly entries: readonly EntryNode[];
}

export interface FieldNode {
  readonly at: number;
  readonly name: string;
  readonly value: Expr;
  readonly optional: boolean;
}

export interface StructNode extends Node {
  readonly kind: 'struct';
  name: string;
  readonly fields: readonly FieldNode[];
}

/** Which macro a fold is, and the parts of it that the evaluator runs; the tree itself is what is checked and estimated. */
export type FoldShape =
  | { readonly of: 'all' | 'exists' | 'one'; readonly predicate: Expr }
  | { readonly of: 'list'; readonly filter: Expr | undefined; readonly element: Expr }
  | { readonly of: 'map'; readonly filter: Expr | undefined; readonly value: Expr }
  | { readonly of: 'entries'; readonly filter: Expr | undefined; readonly entry: Expr }
  | { readonly of: 'bind' };

/** What all, exists, map and the like expand to. */
export interface FoldNode extends Node {
  readonly shape: FoldShape;
  readonly kind: 'fold';
  readonly range: Expr;
  readonly variable: string;
  readonly second: string | undefined;
  readonly accumulator: string;
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

/** A place where parsing failed; only checked trees without any are planned. */
export interface BrokenNode extends Node {
  readonly kind: 'broken';
}

export type Expr =
  | LiteralNode
  | IdentNode
  | SelectNode
  | CallNode
  | ListNode
  | MapNode
  | StructNode
  | FoldNode
  | BrokenNode;

/** The dotted path of identifiers that a node spells, if it does. */
export function qualifiedName(node: Expr): string | undefined {
  if (node.kind === 'ident') return node.name;
  if (node.kind !== 'select' || node.test) return undefined;
  const prefix = qualifiedName(node.operand);
  return prefix === undefined ? undefined : `${prefix}.${node.field}`;
}
