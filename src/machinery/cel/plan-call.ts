import { checkIndex, fieldOf, indexValue, optionalIndex, optionalKey } from './access.ts';
import { onRead } from './adapt.ts';
import { add, divide, modulo, multiply, negate, subtract } from './arithmetic.ts';
import type { CallNode, Expr } from './ast.ts';
import type { CelType } from './contract.ts';
import type { Overload } from './declaration.ts';
import { compare, equal, find, keysOf, type MapValue, missing, noOverload, runtimeType } from './operators.ts';
import { compileRegex } from './regex.ts';
import { constantOf, type Planned, type Planning, pathOf, type Run, type Step } from './run.ts';
import { type CallCost, callCost } from './run-cost.ts';
import { unwrapOptional } from './unification.ts';
import { CelFault, CelHostValue, CelLazyObject, CelOptional, isMap } from './values.ts';

type Binary = (left: unknown, right: unknown) => unknown;

const binaries: Readonly<Record<string, Binary>> = {
  '_+_': add,
  '_-_': subtract,
  '_*_': multiply,
  '_/_': divide,
  '_%_': modulo,
  '_<_': (left, right) => compare(left, right, '_<_') < 0,
  '_<=_': (left, right) => compare(left, right, '_<=_') <= 0,
  '_>_': (left, right) => compare(left, right, '_>_') > 0,
  '_>=_': (left, right) => compare(left, right, '_>=_') >= 0,
  '_==_': equal,
  '_!=_': (left, right) => !equal(left, right),
  '@in': contains,
};

function contains(value: unknown, container: unknown): boolean {
  if (Array.isArray(container)) return container.some((item) => equal(value, item));
  if (isMap(container)) return find(container, value) !== missing;
  throw noOverload();
}

const conversions: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'dyn',
  'duration',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
]);

/** Upstream: interpreter/planner.go planCall */
export function planCall(node: CallNode, planning: Planning): Planned {
  switch (node.name) {
    case '_&&_':
      return logical(node, planning, false);
    case '_||_':
      return logical(node, planning, true);
    case '_?_:_':
      return conditional(node, planning);
    case '_[_]':
    case '_[?_]':
    case '_?._':
      return indexed(node, planning);
    case 'or':
    case 'orValue':
      return alternative(node, planning);
    case '!_':
      return not(node, planning);
    case '@in':
      return membership(node, planning);
    default:
      return strict(node, planning);
  }
}

/** && and ||: a side that decides wins over a fault of the other. */
function logical(node: CallNode, planning: Planning, decisive: boolean): Planned {
  const [left, right] = node.args.map((arg) => planning.plan(arg).step) as [Step, Step];
  const second = (run: Run): boolean => {
    const value = right(run);
    if (typeof value !== 'boolean') throw noOverload();
    return value;
  };
  /** After a fault of the left side the right one can only help by deciding. */
  const rescued = (run: Run, fault: CelFault): boolean => {
    try {
      if (right(run) === decisive) return decisive;
    } catch (error) {
      if (!(error instanceof CelFault) || error.limit) throw error;
    }
    throw fault;
  };
  return {
    step: (run) => {
      let fault: CelFault | undefined;
      try {
        const value = left(run);
        if (value === decisive) return decisive;
        if (typeof value !== 'boolean') fault = noOverload();
      } catch (error) {
        if (!(error instanceof CelFault) || error.limit) throw error;
        fault = error;
      }
      return fault === undefined ? second(run) : rescued(run, fault);
    },
  };
}

function conditional(node: CallNode, planning: Planning): Planned {
  const condition = planning.plan(node.args[0] as Expr).step;
  const [yes, no] = node.args.slice(1).map((arg) => planning.plan(arg)) as [Planned, Planned];
  const [onTrue, onFalse] = [yes.path ?? yes.step, no.path ?? no.step];
  return pathOf((run) => {
    const value = condition(run);
    if (value === true) return onTrue(run);
    if (value === false) return onFalse(run);
    throw noOverload();
  }, 0);
}

function indexed(node: CallNode, planning: Planning): Planned {
  const [operandNode, indexNode] = node.args as readonly [Expr, Expr];
  const operand = planning.plan(operandNode);
  const base = operand.path ?? operand.step;
  const root = operand.root ?? 1;
  if (node.name === '_?._') {
    const field = fieldOf(operandNode.type as CelType, indexNode.kind === 'literal' ? String(indexNode.value) : '');
    const adapt = field.type && onRead(field.type);
    return pathOf((run) => adaptInside(optionalKey(run, base(run), field), adapt), root);
  }
  const adapter = elementAdapter(operandNode.type as CelType);
  const index = planning.plan(indexNode);
  if (index.constant !== undefined) checkIndex(index.constant.value, true);
  const key = index.path ?? index.step;
  const read = node.name === '_[_]' ? indexValue : optionalIndex;
  return pathOf((run) => {
    const value = base(run);
    // Nothing is looked for in what is not there.
    if (value instanceof CelOptional && !value.present) return value;
    return adaptInside(read(run, value, key(run)), adapter);
  }, root);
}

function adaptInside(value: unknown, adapter: ((value: unknown) => unknown) | undefined): unknown {
  if (adapter === undefined) return value;
  if (value instanceof CelOptional) return value.present ? CelOptional.of(adapter(value.value)) : value;
  return adapter(value);
}

function elementAdapter(type: CelType): ((value: unknown) => unknown) | undefined {
  const container = unwrapOptional(type).type;
  if (container.kind === 'list') return onRead(container.params[0] as CelType);
  return container.kind === 'map' ? onRead(container.params[1] as CelType) : undefined;
}

/** `or` and `orValue` look at their right side only when they need it. */
function alternative(node: CallNode, planning: Planning): Planned {
  const left = planning.plan(node.target as Expr).step;
  const right = planning.whole(node.args[0] as Expr).step;
  const unwrap = node.name === 'orValue';
  return {
    step: (run) => {
      const value = left(run);
      if (!(value instanceof CelOptional)) return value;
      if (value.present) return unwrap ? value.value : value;
      return right(run);
    },
  };
}

function not(node: CallNode, planning: Planning): Planned {
  const { step } = planning.plan(node.args[0] as Expr);
  return {
    step: (run) => {
      const value = step(run);
      run.charge(1);
      if (typeof value !== 'boolean') throw noOverload();
      return !value;
    },
  };
}

/** `in` a constant list is a look-up that costs nothing. */
function membership(node: CallNode, planning: Planning): Planned {
  const [left, right] = node.args.map((arg) => planning.whole(arg)) as [Planned, Planned];
  const list = right.constant?.value;
  if (!Array.isArray(list) || !list.every(isPrimitive)) return call(node, [left, right], binaries['@in'] as Binary);
  if (list.length === 0) return constantOf(false);
  const { step } = left;
  const texts = list.every((item) => typeof item === 'string') ? new Set(list as string[]) : undefined;
  if (texts !== undefined) return { step: (run) => texts.has(step(run) as string) };
  return { step: (run) => contains(step(run), list) };
}

function isPrimitive(value: unknown): boolean {
  const { kind } = runtimeType(value);
  return (
    kind === 'string' || kind === 'bool' || kind === 'int' || kind === 'uint' || kind === 'double' || kind === 'null'
  );
}

/** Everything that evaluates its arguments first. */
function strict(node: CallNode, planning: Planning): Planned {
  const nodes = node.target === undefined ? node.args : [node.target, ...node.args];
  const args = nodes.map((arg) => planning.whole(arg));
  compilePattern(node, args[1]?.constant?.value);
  const binary = binaries[node.name];
  if (binary !== undefined) return call(node, args, binary);
  if (node.name === '-_') return call(node, args, negate);
  const planned = call(node, args, dispatcher(node));
  if (!conversions.has(node.name) || args[0]?.constant === undefined) return planned;
  return constantOf(planned.step(planningRun()));
}

/** A constant pattern is compiled with the program, which fails if it cannot be. */
function compilePattern(node: CallNode, pattern: unknown): void {
  if ((node.name === 'matches' || node.name === 'find' || node.name === 'findAll') && typeof pattern === 'string')
    compileRegex(pattern);
}

/** Constant conversions are computed when the program is planned, at no cost. */
function planningRun(): Run {
  return { charge: () => undefined, slots: [], cost: 0, limit: 0 } as Run;
}

function call(node: CallNode, args: readonly Planned[], invoke: (...values: readonly unknown[]) => unknown): Planned {
  const id = node.overloads?.length === 1 ? (node.overloads[0] as Overload).id : '';
  const cost = callCost(node.name, id);
  const [first, second] = args.map((arg) => arg.step) as [Step, Step];
  if (args.length === 1) {
    return {
      step: (run) => {
        const value = first(run);
        return charged(run, cost, [value], invoke(value));
      },
    };
  }
  if (args.length === 2) return { step: binaryStep(first, second, cost, invoke as Binary) };
  const steps = args.map((arg) => arg.step);
  return {
    step: (run) => {
      const values = steps.map((step) => step(run));
      return charged(run, cost, values, invoke(...values));
    },
  };
}

function binaryStep(first: Step, second: Step, cost: CallCost, invoke: Binary): Step {
  if (typeof cost === 'number') {
    return (run) => {
      const left = first(run);
      const right = second(run);
      run.charge(cost);
      return invoke(left, right);
    };
  }
  return (run) => {
    const left = first(run);
    const right = second(run);
    return charged(run, cost, [left, right], invoke(left, right));
  };
}

function charged(run: Run, cost: CallCost, args: readonly unknown[], result: unknown): unknown {
  run.charge(typeof cost === 'number' ? cost : cost(args, result));
  return result;
}

/** Whether a value may be given for a type when it runs; what is inside lists and maps is not looked at. */
function accepts(type: CelType, value: unknown): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return true;
    case 'list':
      // Upstream looks at the first element.
      return Array.isArray(value) && (value.length === 0 || accepts(type.params[0] as CelType, value[0]));
    case 'map':
      return isMap(value) && acceptsEntry(type, value);
    case 'opaque':
      return type.name === 'optional_type'
        ? value instanceof CelOptional
        : value instanceof CelHostValue && value.type.name === type.name;
    case 'object':
      return value instanceof CelHostValue
        ? value.type.name === type.name
        : isMap(value) || value instanceof CelLazyObject;
    default:
      return runtimeType(value).kind === type.kind;
  }
}

function acceptsEntry(type: CelType, map: MapValue): boolean {
  const [keyType, valueType] = type.params as readonly [CelType, CelType];
  if (keyType.kind === 'param' && valueType.kind === 'param') return true;
  const [key] = keysOf(map);
  return key === undefined || (accepts(keyType, key) && accepts(valueType, find(map, key)));
}

/** How upstream words that no overload fits: some functions look at their values themselves. */
function mismatch(name: string, values: readonly unknown[]): CelFault {
  if (name === 'contains' || name === 'startsWith' || name === 'endsWith' || name === 'matches') return noOverload();
  const alone = name === 'size' || name === 'sort' || name === '@sortByAssociatedKeys';
  return noOverload(alone ? name : `${name}(${values.map((value) => runtimeType(value).name).join(', ')})`);
}

/** Functions of lists that look at their elements themselves. */
const unguarded: ReadonlySet<string> = new Set(['flatten', 'sort', '@sortByAssociatedKeys']);

/** Picks among overloads by the values, as upstream does where types are not known before. */
function dispatcher(node: CallNode): (...values: readonly unknown[]) => unknown {
  const overloads = node.overloads ?? [];
  const { name } = node;
  const guarded = !unguarded.has(name);
  return (...values) => {
    for (const overload of overloads) {
      if (overload.call === undefined || overload.args.length !== values.length) continue;
      const fits = !guarded || overload.args.every((type, index) => accepts(type, values[index]));
      if (fits) return overload.call(...(values as readonly never[]));
    }
    throw mismatch(name, values);
  };
}
