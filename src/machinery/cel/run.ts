import type { Expr } from './ast.ts';
import type { Slots } from './slots.ts';
import { CelFault } from './values.ts';

/** One evaluation: its variables and what it has cost. */
export class Run {
  readonly slots: unknown[];
  readonly limit: number;
  cost = 0;

  constructor(slots: unknown[], limit: number) {
    this.slots = slots;
    this.limit = limit;
  }

  charge(cost: number): void {
    this.cost += cost;
    if (this.cost > this.limit) throw new CelFault('operation cancelled: actual cost limit exceeded', true);
  }
}

export type Step = (run: Run) => unknown;

/** A node made runnable. */
export interface Planned {
  /** Evaluates it, all costs included. */
  readonly step: Step;
  /** A path from a variable or value: upstream charges its root apart, and not at all below a conditional or as an index. */
  readonly path?: Step;
  /** What the root of the path costs. */
  readonly root?: 0 | 1;
  readonly constant?: { readonly value: unknown };
}

export function constantOf(value: unknown): Planned {
  return { step: () => value, constant: { value } };
}

/** A path with its root's charge on top. */
export function pathOf(path: Step, root: 0 | 1): Planned {
  if (root === 0) return { step: path, path, root };
  return {
    step: (run) => {
      run.charge(1);
      return path(run);
    },
    path,
    root,
  };
}

/** What plans the nodes below a node. */
export interface Planning {
  readonly slots: Slots;
  plan(node: Expr): Planned;
  /** A node whose value something sees whole: adapted all the way down. */
  whole(node: Expr): Planned;
}
