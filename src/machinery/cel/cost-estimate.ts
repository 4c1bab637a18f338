import type { CallNode, Expr, FoldNode, ListNode, MapNode, SelectNode } from './ast.ts';
import { type Bounds, fixed, greatest, nothing, plus, scaled, sum, times, union, unknown } from './bounds.ts';
import {
  type CallEstimate,
  type EstimatedCall,
  extensionEstimate,
  libraryEstimate,
  type Operand,
  standardEstimate,
} from './call-estimate.ts';
import { isOptional } from './cel-type.ts';
import type { CelCost, CelKind, CelType } from './contract.ts';
import { codePoints } from './operators.ts';

/** The sizes of what a list or map holds. */
interface EntrySize {
  readonly container: 'list' | 'map';
  readonly key: Bounds;
  readonly value: Bounds;
}

interface Local {
  readonly path: readonly string[] | undefined;
  readonly size: Bounds | undefined;
  readonly entries?: EntrySize | undefined;
}

const scalars: ReadonlySet<CelKind> = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint']);
const one = fixed(1);

function isScalar(type: CelType): boolean {
  if (isOptional(type)) return isScalar(type.params[0] as CelType);
  return scalars.has(type.kind);
}

/** The size of what is written out in the expression. */
function writtenSize(node: Expr): Bounds | undefined {
  if (node.kind === 'list') return fixed(node.elements.length);
  if (node.kind === 'map') return fixed(node.entries.length);
  if (node.kind !== 'literal') return undefined;
  if (typeof node.value === 'string') return fixed(codePoints(node.value));
  return fixed(node.value instanceof Uint8Array ? node.value.length : 1);
}

/** An empty literal has entries of no size at all; in others, the union starts from nothing known. */
function startOf(count: number): Bounds {
  return { min: count === 0 ? 0 : greatest, max: 0 };
}

function unite(a: EntrySize | undefined, b: EntrySize | undefined): EntrySize | undefined {
  if (a === undefined || b === undefined) return undefined;
  return { container: a.container, key: union(a.key, b.key), value: union(a.value, b.value) };
}

/** Upstream: checker/cost.go */
class Estimator {
  private readonly variables: ReadonlyMap<string, CelType>;
  private readonly paths = new Map<Expr, readonly string[]>();
  private readonly sizes = new Map<Expr, Bounds>();
  private readonly entrySizes = new Map<Expr, EntrySize>();
  private readonly locals = new Map<string, Local[]>();

  constructor(variables: ReadonlyMap<string, CelType>) {
    this.variables = variables;
  }

  cost(node: Expr): Bounds {
    switch (node.kind) {
      case 'ident': {
        const local = this.local(node.name);
        const path = local === undefined ? [node.name] : local.path;
        if (path !== undefined) this.paths.set(node, path);
        return one;
      }
      case 'select':
        return this.select(node);
      case 'call':
        return this.call(node);
      case 'list':
        return this.list(node);
      case 'map':
        return this.map(node);
      case 'struct':
        return plus(sum(node.fields.map((field) => this.cost(field.value))), fixed(40));
      case 'fold':
        return node.shape.of === 'bind' ? this.bind(node) : this.fold(node);
      default:
        return nothing;
    }
  }

  private local(name: string): Local | undefined {
    return this.locals.get(name)?.at(-1);
  }

  private push(name: string, local: Local): void {
    const known = this.locals.get(name);
    if (known === undefined) this.locals.set(name, [local]);
    else known.push(local);
  }

  private pop(name: string): void {
    this.locals.get(name)?.pop();
  }

  private pathOf(node: Expr): readonly string[] | undefined {
    const local = node.kind === 'ident' ? this.local(node.name) : undefined;
    return local === undefined ? this.paths.get(node) : local.path;
  }

  /** The bounds that the schema gives a path, whose first part is a variable. */
  private readonly sizeAt = (path: readonly string[] | undefined): Bounds | undefined => {
    if (path === undefined || path.length === 0) return undefined;
    let type = this.variables.get(path[0] as string) ?? this.variables.get('self');
    if (type !== undefined && isOptional(type)) type = type.params[0];
    for (const part of path.slice(1)) type = type && stepInto(type, part);
    return type?.maxElements === undefined ? undefined : { min: 0, max: type.maxElements };
  };

  private sizeOf(node: Expr): Bounds | undefined {
    const known = this.sizes.get(node) ?? writtenSize(node);
    if (known !== undefined) return known;
    const schema = this.sizeAt(this.pathOf(node));
    if (schema !== undefined) {
      this.sizes.set(node, schema);
      return schema;
    }
    if (isScalar(node.type as CelType)) return one;
    return node.kind === 'ident' ? this.local(node.name)?.size : undefined;
  }

  private setSize(node: Expr, size: Bounds | undefined): void {
    if (size !== undefined) this.sizes.set(node, size);
  }

  private entriesOf(node: Expr): EntrySize | undefined {
    return this.entrySizes.get(node) ?? (node.kind === 'ident' ? this.local(node.name)?.entries : undefined);
  }

  private setEntries(node: Expr, entries: EntrySize | undefined): void {
    if (entries !== undefined) this.entrySizes.set(node, entries);
  }

  private select(node: SelectNode): Bounds {
    if (node.resolved !== undefined) {
      this.paths.set(node, [node.resolved]);
      return one;
    }
    const operand = this.cost(node.operand);
    if (node.test) return operand;
    const { kind } = node.operand.type as CelType;
    this.paths.set(node, [...(this.pathOf(node.operand) ?? []), node.field]);
    return kind === 'map' || kind === 'object' || kind === 'param' ? plus(operand, one) : operand;
  }

  private operand(node: Expr): Operand {
    const path = this.pathOf(node);
    const inner = path?.[0] === '@result' || path?.[0] === '__result__';
    return { node, type: node.type as CelType, path: inner ? undefined : path, size: this.sizeOf(node) };
  }

  private call(node: CallNode): Bounds {
    if (node.name === 'dyn' && node.target === undefined) return this.unwrapped(node);
    const costs: Bounds[] = [];
    const args: Operand[] = [];
    for (const arg of node.args) {
      costs.push(this.cost(arg));
      args.push(this.operand(arg));
    }
    if (node.overloads === undefined || node.overloads.length === 0) return nothing;
    const targetCost = node.target === undefined ? nothing : this.cost(node.target);
    const target = node.target === undefined ? undefined : this.operand(node.target);
    let total: Bounds = { min: greatest, max: 0 };
    let size: Bounds | undefined;
    for (const { id } of node.overloads) {
      const estimate = this.overload(node, { name: node.name, overload: id, target, args, sizeAt: this.sizeAt }, costs);
      total = union(total, estimate.cost);
      if (estimate.size !== undefined) size = size === undefined ? estimate.size : union(size, estimate.size);
      if (id === 'index_list' || id === 'index_map') {
        const container = node.args[0] as Expr;
        size = this.entriesOf(container)?.value;
        this.paths.set(node, [...(this.pathOf(container) ?? []), id === 'index_list' ? '@items' : '@values']);
      }
      size ??= this.sizeOf(node);
    }
    this.setSize(node, size);
    return plus(targetCost, total);
  }

  private unwrapped(node: CallNode): Bounds {
    const inner = node.args[0] as Expr;
    const cost = this.cost(inner);
    this.setSize(node, this.sizeOf(inner));
    this.setEntries(node, this.entriesOf(inner));
    return plus(one, cost);
  }

  private overload(node: CallNode, call: EstimatedCall, costs: readonly Bounds[]): CallEstimate {
    const { overload, args } = call;
    const library = extensionEstimate(call) ?? libraryEstimate(call);
    if (library !== undefined) return { ...library, cost: plus(library.cost, sum(costs)) };
    const [first, second, third] = costs as readonly [Bounds, Bounds, Bounds];
    if (overload === 'logical_or' || overload === 'logical_and')
      return { cost: { min: first.min, max: plus(first, second).max } };
    if (overload === 'conditional') {
      const [, yes, no] = args as readonly [Operand, Operand, Operand];
      const entries = unite(this.entriesOf(yes.node as Expr), this.entriesOf(no.node as Expr));
      this.setEntries(node, entries);
      return { cost: plus(first, union(second, third)), size: union(yes.size ?? unknown, no.size ?? unknown) };
    }
    if ((overload === 'add_string' || overload === 'add_bytes' || overload === 'add_list') && args.length === 2) {
      return this.joined(node, call, costs);
    }
    const estimate = standardEstimate(call);
    return { ...estimate, cost: plus(estimate.cost, sum(costs)) };
  }

  private joined(node: CallNode, { overload, args }: EstimatedCall, costs: readonly Bounds[]): CallEstimate {
    const [left, right] = args as readonly [Operand, Operand];
    const size = plus(left.size ?? unknown, right.size ?? unknown);
    this.setEntries(node, unite(this.entriesOf(left.node as Expr), this.entriesOf(right.node as Expr)));
    const cost = overload === 'add_list' ? one : scaled(size, 0.1);
    return { cost: plus(cost, sum(costs)), size };
  }

  private list(node: ListNode): Bounds {
    let cost = nothing;
    let value = startOf(node.elements.length);
    for (const element of node.elements) {
      cost = plus(cost, this.cost(element));
      value = union(value, this.sizeOf(element) ?? unknown);
    }
    this.setEntries(node, { container: 'list', key: one, value });
    return plus(cost, fixed(10));
  }

  private map(node: MapNode): Bounds {
    let cost = nothing;
    let key = startOf(node.entries.length);
    let value = key;
    for (const entry of node.entries) {
      cost = plus(plus(cost, this.cost(entry.key)), this.cost(entry.value));
      key = union(key, this.sizeOf(entry.key) ?? unknown);
      value = union(value, this.sizeOf(entry.value) ?? unknown);
    }
    this.setEntries(node, { container: 'map', key, value });
    return plus(cost, fixed(30));
  }

  private bind(node: FoldNode): Bounds {
    const cost = plus(this.cost(node.range), this.cost(node.init));
    this.push(node.accumulator, {
      path: this.pathOf(node.init),
      size: this.sizeOf(node.init),
      entries: this.entriesOf(node.init),
    });
    const result = this.cost(node.result);
    this.pop(node.accumulator);
    this.setSize(node, this.sizeOf(node.result));
    this.setEntries(node, this.entriesOf(node.result));
    return plus(cost, result);
  }

  private fold(node: FoldNode): Bounds {
    let cost = plus(this.cost(node.range), this.cost(node.init));
    const { init } = node;
    this.push(node.accumulator, { path: this.pathOf(init), size: this.sizeOf(init), entries: this.entriesOf(init) });
    this.pushVariables(node);
    const each = plus(this.cost(node.condition), this.cost(node.step));
    this.pop(node.variable);
    if (node.second !== undefined) this.pop(node.second);
    cost = plus(cost, this.cost(node.result));
    this.pop(node.accumulator);
    const count = this.sizeOf(node.range) ?? unknown;
    cost = plus(cost, times(count, each));
    if (init.kind === 'literal') this.setSize(node, this.sizeOf(init));
    else if (init.kind === 'list' || init.kind === 'map') {
      this.setSize(node, count);
      this.setEntries(node, this.entriesOf(node.step));
    }
    return cost;
  }

  private pushVariables(node: FoldNode): void {
    const entries = this.entriesOf(node.range);
    const path = this.pathOf(node.range) ?? [];
    const list = (entries?.container ?? (node.range.type as CelType).kind) === 'list';
    const valuePath = [...path, list ? '@items' : '@values'];
    const keyPath = node.second !== undefined && sharesRoom(path) ? valuePath : [...path, list ? '@indices' : '@keys'];
    const keys: Local = { path: keyPath, size: entries?.key };
    const values: Local = { path: valuePath, size: entries?.value };
    if (node.second === undefined) {
      this.push(node.variable, list ? values : keys);
      return;
    }
    this.push(node.variable, keys);
    this.push(node.second, values);
  }
}

/**
 * Upstream appends both variables' steps to one slice. Where that has room left, the second overwrites the first, and
 * keys are estimated as values; the numbers are part of the API.
 */
function sharesRoom(path: readonly string[]): boolean {
  return path.length > 2 && 2 ** Math.ceil(Math.log2(path.length)) > path.length;
}

function stepInto(type: CelType, part: string): CelType | undefined {
  switch (part) {
    case '@items':
    case '@values':
      return type.kind === 'list' ? type.params[0] : type.kind === 'map' ? type.params[1] : undefined;
    case '@keys':
      return type.kind === 'map' ? type.params[0] : undefined;
    default:
      if (type.sizedByKey === true) return type.params[1];
      return type.kind === 'object' ? type.fields?.().get(part)?.type : undefined;
  }
}

/** What a checked expression may cost at least and at most, by the sizes in its variables' types. */
export function estimateCost(tree: Expr, variables: ReadonlyMap<string, CelType>): CelCost {
  return new Estimator(variables).cost(tree);
}
