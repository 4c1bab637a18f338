import { onRead } from './adapt.ts';
import type { Expr, FoldNode } from './ast.ts';
import type { CelType } from './contract.ts';
import { find, keysOf, runtimeType } from './operators.ts';
import type { Planned, Planning, Run, Step } from './run.ts';
import { CelDouble, CelFault, CelUint, isMap } from './values.ts';

type Fold = (run: Run, range: unknown) => unknown;

/** What a fold does with one element; `true` ends it. */
type Visit = (run: Run) => boolean | undefined;

const goNames: Readonly<Record<string, string>> = {
  string: 'types.String',
  int: 'types.Int',
  uint: 'types.Uint',
  double: 'types.Double',
  bool: 'types.Bool',
  bytes: 'types.Bytes',
  null_type: 'types.Null',
};

function goName(value: unknown): string {
  const { name } = runtimeType(value);
  return goNames[name] ?? name;
}

interface Variables {
  readonly first: number;
  readonly second: number | undefined;
  readonly adaptElement: ((value: unknown) => unknown) | undefined;
}

/** Calls `visit` for every element, key or pair, its variables set. */
function iterate(variables: Variables, visit: Visit): Fold {
  const { first, second, adaptElement } = variables;
  return (run, range) => {
    const { slots } = run;
    if (Array.isArray(range)) {
      for (let index = 0; index < range.length; index++) {
        const raw = (range as unknown[])[index];
        const element = adaptElement === undefined ? raw : adaptElement(raw);
        if (second === undefined) slots[first] = element;
        else {
          slots[first] = index;
          slots[second] = element;
        }
        if (visit(run) === true) return undefined;
      }
      return undefined;
    }
    if (!isMap(range)) throw new CelFault(notIterable(range, second !== undefined));
    for (const key of keysOf(range)) {
      slots[first] = key;
      if (second !== undefined) {
        const raw = find(range, key);
        slots[second] = adaptElement === undefined ? raw : adaptElement(raw);
      }
      if (visit(run) === true) return undefined;
    }
    return undefined;
  };
}

function notIterable(value: unknown, pairs: boolean): string {
  const name = goName(value);
  return pairs ? `unsupported comprehension range type: ${name}` : `got '${name}', expected iterable type`;
}

/** A step whose bool decides, anything else a fault. */
function predicate(step: Step): (run: Run) => boolean {
  return (run) => {
    const value = step(run);
    if (typeof value !== 'boolean') throw new CelFault('no such overload');
    return value;
  };
}

/**
 * all and exists: the first element that decides ends the fold, and a fault counts only if none does. `charges` are
 * what upstream's condition and step cost beside the predicate.
 */
function quantified(decisive: boolean, holds: (run: Run) => boolean, variables: Variables): Fold {
  const condition = decisive ? 3 : 2;
  return (run, range) => {
    let fault: CelFault | undefined;
    let decided = false;
    iterate(variables, (current) => {
      current.charge(condition);
      if (decided) return true;
      current.charge(1);
      try {
        decided = holds(current) === decisive;
      } catch (error) {
        if (!(error instanceof CelFault) || error.limit) throw error;
        fault ??= error;
      }
      // Upstream sees at the next element, if there is one, that this one decided.
      return false;
    })(run, range);
    run.charge(1);
    if (decided) return decisive;
    if (fault !== undefined) throw fault;
    return !decisive;
  };
}

function exactlyOne(holds: (run: Run) => boolean, variables: Variables): Fold {
  return (run, range) => {
    let count = 0;
    iterate(variables, (current) => {
      if (holds(current)) {
        count++;
        current.charge(2);
      }
      return false;
    })(run, range);
    run.charge(2);
    return count === 1;
  };
}

function collect(filter: ((run: Run) => boolean) | undefined, planned: Planned, variables: Variables): Fold {
  const element = planned.step;
  // A list of constants is made once, so that only the accumulator and the addition cost.
  const charge = planned.constant === undefined ? 12 : 2;
  return (run, range) => {
    const list: unknown[] = [];
    iterate(variables, (current) => {
      if (filter !== undefined && !filter(current)) return false;
      list.push(element(current));
      current.charge(charge);
      return false;
    })(run, range);
    run.charge(1);
    return list;
  };
}

/** A map that grows by entries whose keys may meet; numbers of all types are the same key if they are equal. */
class Growing {
  readonly map = new Map<unknown, unknown>();
  readonly #numbers = new Set<string>();

  insert(key: unknown, value: unknown): void {
    const text = String(key instanceof CelUint || key instanceof CelDouble ? key.value : key);
    const number = typeof key !== 'string' && typeof key !== 'boolean';
    if (this.map.has(key) || (number && this.#numbers.has(text)))
      throw new CelFault(`insert failed: key ${text} already exists`);
    if (number) this.#numbers.add(text);
    this.map.set(key, value);
  }
}

function transformed(filter: ((run: Run) => boolean) | undefined, value: Step, variables: Variables): Fold {
  return (run, range) => {
    const map = new Map<unknown, unknown>();
    iterate(variables, (current) => {
      if (filter !== undefined && !filter(current)) return false;
      // Indexes and keys never meet.
      map.set(current.slots[variables.first], value(current));
      current.charge(3);
      return false;
    })(run, range);
    run.charge(1);
    return map;
  };
}

function entries(filter: ((run: Run) => boolean) | undefined, entry: Step, variables: Variables): Fold {
  return (run, range) => {
    const growing = new Growing();
    iterate(variables, (current) => {
      if (filter !== undefined && !filter(current)) return false;
      const made = entry(current);
      if (!isMap(made)) throw new CelFault('no such overload');
      for (const key of keysOf(made)) growing.insert(key, find(made, key));
      current.charge(2);
      return false;
    })(run, range);
    run.charge(1);
    return growing.map;
  };
}

function variablesOf(node: FoldNode, planning: Planning): Variables {
  const names = node.second === undefined ? [node.variable] : [node.variable, node.second];
  const [first, second] = planning.slots.enter(names) as [number, number | undefined];
  const range = node.range.type as CelType;
  const element = range.kind === 'list' ? range.params[0] : range.kind === 'map' ? range.params[1] : undefined;
  return { first, second, adaptElement: element === undefined ? undefined : onRead(element) };
}

/** A macro over a list or map, as one loop. */
export function planFold(node: FoldNode, planning: Planning): Planned {
  if (node.shape.of === 'bind') return planBind(node, planning);
  const range = planning.plan(node.range).step;
  const fold = bodyOf(node, planning);
  return { step: (run) => fold(run, range(run)) };
}

function bodyOf(node: FoldNode, planning: Planning): Fold {
  const variables = variablesOf(node, planning);
  const { shape } = node;
  // Conditions of upstream's ternary are read with their own charges, so `step` is right for all parts.
  const test = (part: Expr | undefined) => (part === undefined ? undefined : predicate(planning.plan(part).step));
  try {
    switch (shape.of) {
      case 'all':
      case 'exists':
        return quantified(shape.of === 'exists', predicate(planning.plan(shape.predicate).step), variables);
      case 'one':
        return exactlyOne(predicate(planning.plan(shape.predicate).step), variables);
      case 'list':
        return collect(test(shape.filter), planning.whole(shape.element), variables);
      case 'map':
        return transformed(test(shape.filter), planning.whole(shape.value).step, variables);
      case 'entries':
        return entries(test(shape.filter), planning.plan(shape.entry).step, variables);
      case 'bind':
        throw new CelFault('a binding is no loop');
    }
  } finally {
    planning.slots.leave();
  }
}

/** A binding: computed when it is first read, if it is. */
function planBind(node: FoldNode, planning: Planning): Planned {
  const init = planning.whole(node.init).step;
  const [slot] = planning.slots.enter([node.accumulator]) as [number];
  const result = planning.plan(node.result).step;
  planning.slots.leave();
  return {
    step: (run) => {
      run.slots[slot] = init(run);
      return result(run);
    },
  };
}
