/** What expressions are made of. */
import type { CharSet } from './char-set.ts';

export type Assertion = 'beginText' | 'endText' | 'beginLine' | 'endLine' | 'wordBoundary' | 'noWordBoundary';

export type Node =
  | { readonly kind: 'empty' }
  | { readonly kind: 'char'; readonly set: CharSet }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'concat' | 'alternate'; readonly nodes: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly node: Node;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
      readonly counted: boolean;
    };

/** Why an expression is none, in upstream's words. */
export class RegexpError extends Error {
  override readonly name = 'RegexpError';
  constructor(why: string, part: string) {
    super(`error parsing regexp: ${why}: \`${part}\``);
  }
}

/** Whether counts inside of counts stay within the limit together. Upstream: repeatIsValid. */
export function repeatsFit(node: Node, limit: number): boolean {
  if (node.kind === 'concat' || node.kind === 'alternate') return node.nodes.every((inner) => repeatsFit(inner, limit));
  if (node.kind !== 'repeat') return true;
  if (!node.counted) return repeatsFit(node.node, limit);
  if (node.max === 0) return true;
  const count = node.max === Number.POSITIVE_INFINITY ? node.min : node.max;
  if (count > limit) return false;
  return repeatsFit(node.node, count > 0 ? Math.floor(limit / count) : limit);
}
