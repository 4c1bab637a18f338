import type { CallNode, Expr, FoldNode, FoldShape } from './ast.ts';
import { boolType, intType } from './cel-type.ts';
import type { Source } from './source.ts';

/** A call as it is written, before macros. */
export interface WrittenCall {
  readonly name: string;
  /** Of the opening parenthesis, where everything a macro makes is placed. */
  readonly at: number;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}

/** Upstream's names of the accumulator; neither may be an iteration variable. */
export const accumulator = '@result';
const oldAccumulator = '__result__';

class MacroFault extends Error {
  override readonly name = 'MacroFault';
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** Makes nodes at the place of the macro. */
class Maker {
  readonly at: number;
  private readonly source: Source;
  constructor(at: number, source: Source) {
    this.at = at;
    this.source = source;
  }
  /** The checker writes into nodes, so what appears twice must be two trees. Macros inside each other double and double. */
  copy(node: Expr): Expr {
    if (--this.source.copies < 0) throw new MacroFault(this.at, 'expression is too large once its macros are expanded');
    return copied(node, (inner) => this.copy(inner));
  }
  call(name: string, ...args: readonly Expr[]): CallNode {
    return { kind: 'call', name, target: undefined, args, at: this.at };
  }
  member(name: string, target: Expr, ...args: readonly Expr[]): CallNode {
    return { kind: 'call', name, target, args, at: this.at };
  }
  ident(name: string): Expr {
    return { kind: 'ident', name, at: this.at };
  }
  accu(): Expr {
    return this.ident(accumulator);
  }
  bool(value: boolean): Expr {
    return { kind: 'literal', value, of: boolType, at: this.at };
  }
  int(value: number): Expr {
    return { kind: 'literal', value, of: intType, at: this.at };
  }
  list(...elements: readonly Expr[]): Expr {
    return { kind: 'list', elements, optional: new Set(), at: this.at };
  }
  map(): Expr {
    return { kind: 'map', entries: [], at: this.at };
  }
}

interface Fold {
  readonly shape: FoldShape;
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}

type Variables = readonly [string] | readonly [string, string];

function fold(make: Maker, target: Expr, variables: Variables, parts: Fold): Expr {
  return {
    kind: 'fold',
    range: target,
    variable: variables[0],
    second: variables[1],
    accumulator,
    ...parts,
    at: make.at,
  };
}

function variableOf(argument: Expr, message: string): string {
  if (argument.kind !== 'ident') throw new MacroFault(argument.at, message);
  return argument.name;
}

function refuseAccumulator(name: string, at: number): void {
  if (name === accumulator || name === oldAccumulator)
    throw new MacroFault(at, 'iteration variable overwrites accumulator variable');
}

function oneVariable(args: readonly Expr[], message: string): readonly [string] {
  const first = args[0] as Expr;
  const name = variableOf(first, message);
  refuseAccumulator(name, first.at);
  return [name];
}

function twoVariables(args: readonly Expr[]): readonly [string, string] {
  const [first, second] = args as readonly [Expr, Expr];
  const message = 'argument must be a simple name';
  const names = [variableOf(first, message), variableOf(second, message)] as const;
  if (names[0] === names[1]) throw new MacroFault(second.at, `duplicate variable name: ${names[0]}`);
  refuseAccumulator(names[0], first.at);
  refuseAccumulator(names[1], second.at);
  return names;
}

function quantifier(kind: 'all' | 'exists' | 'one', make: Maker, predicate: Expr): Fold {
  const shape = { of: kind, predicate } as const;
  if (kind === 'all') {
    const step = make.call('_&&_', make.accu(), predicate);
    return {
      shape,
      init: make.bool(true),
      condition: make.call('@not_strictly_false', make.accu()),
      step,
      result: make.accu(),
    };
  }
  if (kind === 'exists') {
    const condition = make.call('@not_strictly_false', make.call('!_', make.accu()));
    return {
      shape,
      init: make.bool(false),
      condition,
      step: make.call('_||_', make.accu(), predicate),
      result: make.accu(),
    };
  }
  const step = make.call('_?_:_', predicate, make.call('_+_', make.accu(), make.int(1)), make.accu());
  return {
    shape,
    init: make.int(0),
    condition: make.bool(true),
    step,
    result: make.call('_==_', make.accu(), make.int(1)),
  };
}

function collected(make: Maker, shape: Extract<FoldShape, { filter: Expr | undefined }>, grown: Expr): Fold {
  const { filter } = shape;
  const step = filter === undefined ? grown : make.call('_?_:_', filter, grown, make.accu());
  const init = shape.of === 'list' ? make.list() : make.map();
  return { shape, init, condition: make.bool(true), step, result: make.accu() };
}

type Expander = (make: Maker, target: Expr, args: readonly Expr[]) => Expr;

const oneName = 'argument must be a simple name';
const anIdentifier = 'argument is not an identifier';

function quantifiers(kind: 'all' | 'exists' | 'one'): readonly [Expander, Expander] {
  return [
    (make, target, args) => fold(make, target, oneVariable(args, oneName), quantifier(kind, make, args[1] as Expr)),
    (make, target, args) => fold(make, target, twoVariables(args), quantifier(kind, make, args[2] as Expr)),
  ];
}

function listed(make: Maker, filter: Expr | undefined, element: Expr): Fold {
  return collected(make, { of: 'list', filter, element }, make.call('_+_', make.accu(), make.list(element)));
}

const mapped: Expander = (make, target, args) => {
  const variables = oneVariable(args, anIdentifier);
  return fold(make, target, variables, listed(make, args.length === 3 ? args[1] : undefined, args.at(-1) as Expr));
};

const filtered: Expander = (make, target, args) => {
  const variables = oneVariable(args, anIdentifier);
  return fold(make, target, variables, listed(make, args[1], args[0] as Expr));
};

/** The filter of the four-argument forms. */
function filterOf(args: readonly Expr[]): Expr | undefined {
  return args.length === 4 ? args[2] : undefined;
}

const transformList: Expander = (make, target, args) => {
  const names = twoVariables(args);
  return fold(make, target, names, listed(make, filterOf(args), args.at(-1) as Expr));
};

const transformMap: Expander = (make, target, args) => {
  const names = twoVariables(args);
  const value = args.at(-1) as Expr;
  const grown = make.call('cel.@mapInsert', make.accu(), make.ident(names[0]), value);
  return fold(make, target, names, collected(make, { of: 'map', filter: filterOf(args), value }, grown));
};

const transformMapEntry: Expander = (make, target, args) => {
  const names = twoVariables(args);
  const entry = args.at(-1) as Expr;
  const grown = make.call('cel.@mapInsert', make.accu(), entry);
  return fold(make, target, names, collected(make, { of: 'entries', filter: filterOf(args), entry }, grown));
};

/** A binding that lasts for one expression: a fold over nothing whose accumulator is the variable. */
function bound(make: Maker, name: string, init: Expr, result: Expr): Expr {
  const parts = { shape: { of: 'bind' }, init, condition: make.bool(false), step: make.ident(name), result } as const;
  return {
    kind: 'fold',
    range: make.list(),
    variable: '#unused',
    second: undefined,
    accumulator: name,
    ...parts,
    at: make.at,
  };
}

function optional(macro: 'optMap' | 'optFlatMap'): Expander {
  return (make, target, args) => {
    const name = variableOf(args[0] as Expr, `${macro}() variable name must be a simple identifier`);
    const inner = bound(make, name, make.member('value', make.copy(target)), args[1] as Expr);
    const present = macro === 'optMap' ? make.call('optional.of', inner) : inner;
    return make.call('_?_:_', make.member('hasValue', target), present, make.call('optional.none'));
  };
}

const sortInput = '@__sortBy_input__';

/** Sorts by what a mapping of the list gives. */
const sortBy: Expander = (make, target, args) => {
  const sortable: readonly Expr['kind'][] = ['list', 'select', 'ident', 'fold', 'call'];
  if (!sortable.includes(target.kind)) {
    const message = 'sortBy can only be applied to a list, identifier, comprehension, call or select expression';
    throw new MacroFault(target.at, message);
  }
  const keys = mapped(make, make.ident(sortInput), args);
  return bound(make, sortInput, target, make.member('@sortByAssociatedKeys', make.ident(sortInput), keys));
};

type Copy = (node: Expr) => Expr;

function copied(node: Expr, copy: Copy): Expr {
  switch (node.kind) {
    case 'select':
      return { ...node, operand: copy(node.operand) };
    case 'call':
      return { ...node, target: node.target === undefined ? undefined : copy(node.target), args: node.args.map(copy) };
    case 'list':
      return { ...node, elements: node.elements.map(copy) };
    case 'map':
      return {
        ...node,
        entries: node.entries.map((entry) => ({ ...entry, key: copy(entry.key), value: copy(entry.value) })),
      };
    case 'struct':
      return { ...node, fields: node.fields.map((field) => ({ ...field, value: copy(field.value) })) };
    case 'fold':
      return copiedFold(node, copy);
    default:
      return { ...node };
  }
}

/** The parts that a shape names have to be the very nodes of the copied tree, which the checker types. */
function copiedFold(node: FoldNode, copy: Copy): FoldNode {
  const parts = { range: copy(node.range), init: copy(node.init), condition: copy(node.condition) };
  const step = copy(node.step);
  return { ...node, ...parts, step, result: copy(node.result), shape: shapeOf(node.shape, step) };
}

function shapeOf(shape: FoldShape, step: Expr): FoldShape {
  if (shape.of === 'bind' || step.kind !== 'call') return shape;
  if ('predicate' in shape) return { ...shape, predicate: step.args[shape.of === 'one' ? 0 : 1] as Expr };
  const filter = shape.filter === undefined ? undefined : step.args[0];
  const grown = (shape.filter === undefined ? step : step.args[1]) as CallNode;
  const last = grown.args.at(-1) as Expr;
  if (shape.of === 'map') return { of: 'map', filter, value: last };
  if (shape.of === 'entries') return { of: 'entries', filter, entry: last };
  return { of: 'list', filter, element: last.kind === 'list' ? (last.elements[0] as Expr) : last };
}

let members: ReadonlyMap<string, Expander> | undefined;

/** The macros of calls with a target, by name and number of arguments. */
function memberMacros(): ReadonlyMap<string, Expander> {
  const [all, all2] = quantifiers('all');
  const [exists, exists2] = quantifiers('exists');
  const [one, one2] = quantifiers('one');
  members ??= new Map<string, Expander>([
    ['all:2', all],
    ['all:3', all2],
    ['exists:2', exists],
    ['exists:3', exists2],
    ['exists_one:2', one],
    ['exists_one:3', one2],
    ['existsOne:3', one2],
    ['map:2', mapped],
    ['map:3', mapped],
    ['filter:2', filtered],
    ['transformList:3', transformList],
    ['transformList:4', transformList],
    ['transformMap:3', transformMap],
    ['transformMap:4', transformMap],
    ['transformMapEntry:3', transformMapEntry],
    ['transformMapEntry:4', transformMapEntry],
    ['sortBy:2', sortBy],
    ['optMap:2', optional('optMap')],
    ['optFlatMap:2', optional('optFlatMap')],
  ]);
  return members;
}

function has(make: Maker, argument: Expr): Expr {
  if (argument.kind !== 'select') throw new MacroFault(argument.at, 'invalid argument to has() macro');
  return { kind: 'select', operand: argument.operand, field: argument.field, test: true, at: make.at };
}

/** `cel.bind(name, init, result)` */
function bind(make: Maker, args: readonly Expr[]): Expr {
  const name = variableOf(args[0] as Expr, 'cel.bind() variable names must be simple identifiers');
  return bound(make, name, args[1] as Expr, args[2] as Expr);
}

/** What a call stands for if it is a macro; `bindings`: `cel.bind` is one. Upstream: parser/macro.go, cel/macro.go, ext/comprehensions.go */
export function expandMacro(call: WrittenCall, source: Source, bindings: boolean): Expr | undefined {
  const make = new Maker(call.at, source);
  try {
    if (call.target === undefined)
      return call.name === 'has' && call.args.length === 1 ? has(make, call.args[0] as Expr) : undefined;
    const { target } = call;
    if (
      bindings &&
      call.name === 'bind' &&
      call.args.length === 3 &&
      target.kind === 'ident' &&
      target.name === 'cel'
    ) {
      return bind(make, call.args);
    }
    return memberMacros().get(`${call.name}:${call.args.length}`)?.(make, target, call.args);
  } catch (error) {
    if (!(error instanceof MacroFault)) throw error;
    source.report(error.at, error.message);
    return { kind: 'broken', at: call.at };
  }
}
