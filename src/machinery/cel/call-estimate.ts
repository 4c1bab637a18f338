import type { Expr } from './ast.ts';
import { type Bounds, fixed, greatest, nothing, plus, scaled, times, unknown } from './bounds.ts';
import { sameType } from './cel-type.ts';
import type { CelType } from './contract.ts';

/** What an estimate knows of an argument. */
export interface Operand {
  readonly node?: Expr;
  readonly type: CelType;
  /** From a variable to the value, where it is one of a variable's. */
  readonly path?: readonly string[] | undefined;
  /** Known from the expression itself or the schema. */
  readonly size?: Bounds | undefined;
}

export interface CallEstimate {
  readonly cost: Bounds;
  readonly size?: Bounds;
}

export interface EstimatedCall {
  readonly name: string;
  readonly overload: string;
  readonly target: Operand | undefined;
  readonly args: readonly Operand[];
  /** The size that the schema gives a path. */
  readonly sizeAt: (path: readonly string[] | undefined) => Bounds | undefined;
}

const one = fixed(1);
const traversal = 0.1;
const regexFactor = 0.25;
/** The longest pattern of a named format. */
const formatPattern = 128;
const formatText = 64;

function sizeOf(call: EstimatedCall, operand: Operand): Bounds {
  return operand.size ?? call.sizeAt(operand.path) ?? unknown;
}

/** The elements of a list, sized by the schema where there is a path. */
function elementOf(list: Operand): Operand | undefined {
  const type = list.type.params[0];
  if (type === undefined) return undefined;
  return list.path === undefined ? { type } : { type, path: [...list.path, '@items'] };
}

function sequence(call: EstimatedCall, target: Operand): CallEstimate {
  const element = elementOf(target);
  const size = sizeOf(call, target);
  if (element === undefined) return { cost: scaled(size, traversal) };
  const { kind } = element.type;
  const each = kind === 'string' || kind === 'bytes' ? plus(one, scaled(sizeOf(call, element), traversal)) : one;
  return { cost: times(size, each) };
}

/** How long a text can get when parts of it are replaced. */
function replacedSize(text: Bounds, part: Bounds, by: Bounds): Bounds {
  const count = { min: 0, max: 0 };
  const kept = { min: 0, max: 0 };
  if (part.min === 0) {
    count.max = text.max < greatest ? text.max + 1 : text.max;
    kept.max = text.max;
  } else if (by.max <= part.min) kept.max = text.max;
  else count.max = Math.ceil(text.max / part.min);
  if (part.max === 0) {
    count.min = text.min < greatest ? text.min + 1 : text.min;
    kept.min = text.min;
  } else if (part.max <= by.min) kept.min = text.min;
  else count.min = Math.ceil(text.min / part.max);
  return plus(times(count, by), kept);
}

function split(call: EstimatedCall, target: Operand): CallEstimate {
  const size = sizeOf(call, target);
  const limit = call.args[1]?.node;
  const max = limit?.kind === 'literal' && typeof limit.value === 'number' ? limit.value : size.max;
  // A negative limit is a huge number upstream.
  return { cost: scaled(size, 2 * traversal), size: { min: 0, max: max < 0 ? greatest : max } };
}

function join(call: EstimatedCall, target: Operand): CallEstimate {
  const list = sizeOf(call, target);
  const element = elementOf(target);
  let size = element === undefined ? nothing : times(list, sizeOf(call, element));
  const [separator] = call.args;
  if (separator !== undefined) {
    const count = { min: Math.max(0, list.min - 1), max: Math.max(0, list.max - 1) };
    size = plus(size, times(sizeOf(call, separator), count));
  }
  return { cost: scaled(size, traversal), size };
}

function pattern(call: EstimatedCall, target: Operand): CallEstimate {
  const text = sizeOf(call, target);
  const regex = sizeOf(call, call.args[0] as Operand);
  const cost = times(scaled(plus(text, one), traversal), scaled(regex, regexFactor));
  return { cost, size: { min: 0, max: text.max } };
}

function network(call: EstimatedCall, parsed: string): CallEstimate {
  const bytes = { min: 4, max: 16 };
  let cost = scaled(plus(bytes, bytes), traversal);
  if (call.name === 'containsCIDR') cost = plus(plus(cost, scaled(bytes, traversal)), one);
  if (call.overload === parsed) cost = plus(cost, scaled(sizeOf(call, call.args[0] as Operand), traversal));
  return { cost };
}

const cheapEqual: ReadonlySet<string> = new Set([
  'net.IP',
  'net.CIDR',
  'kubernetes.Quantity',
  'kubernetes.Semver',
  'kubernetes.authorization.Authorizer',
  'kubernetes.authorization.PathCheck',
  'kubernetes.authorization.GroupCheck',
  'kubernetes.authorization.ResourceCheck',
  'kubernetes.authorization.Decision',
]);

function hostEquality(call: EstimatedCall): CallEstimate | undefined {
  const [left, right] = call.args as readonly [Operand, Operand];
  if (!sameType(left.type, right.type)) return undefined;
  const { name } = left.type;
  if (cheapEqual.has(name)) return { cost: one };
  if (name === 'kubernetes.NamedFormat') return { cost: scaled({ min: 1, max: formatText }, traversal) };
  if (name !== 'kubernetes.URL') return undefined;
  return { cost: scaled({ min: 1, max: right.size?.max ?? 1 }, traversal) };
}

function selector(call: EstimatedCall): CallEstimate | undefined {
  const [text] = call.args;
  if (text === undefined || call.args.length !== 1) return undefined;
  const size = sizeOf(call, text);
  const requirements = scaled(scaled(size, 0.5), 50);
  return { cost: plus(plus(fixed(10), scaled(size, traversal)), requirements) };
}

function scanned(
  call: EstimatedCall,
  operand: Operand | undefined,
  factor: number,
  keepsSize: boolean,
): CallEstimate | undefined {
  if (operand === undefined) return undefined;
  const size = sizeOf(call, operand);
  const cost = scaled(size, factor);
  return keepsSize ? { cost, size } : { cost };
}

const nominal: ReadonlySet<string> = new Set(
  [
    'serviceAccount path group resource subresource namespace name allowed reason error errored',
    'masked prefixLength family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named',
    'sign asInteger isInteger asApproximateFloat isGreaterThan isLessThan compareTo add sub major minor patch',
    'getScheme getHostname getHost getPort getEscapedPath getQuery',
  ].flatMap((names) => names.split(' ')),
);

function withTarget(call: EstimatedCall, target: Operand): CallEstimate | undefined {
  switch (call.name) {
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return sequence(call, target);
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return scanned(call, target, traversal, true);
    case 'replace': {
      if (call.args.length < 2) return undefined;
      const [part, by] = call.args.map((arg) => sizeOf(call, arg)) as [Bounds, Bounds];
      const text = sizeOf(call, target);
      return { cost: scaled(text, 2 * traversal), size: replacedSize(text, part, by) };
    }
    case 'split':
      return split(call, target);
    case 'join':
      return join(call, target);
    case 'find':
    case 'findAll':
      return call.args.length > 0 ? pattern(call, target) : undefined;
    default:
      return undefined;
  }
}

/** What Kubernetes' own functions cost. Upstream: pkg/cel/library/cost.go EstimateCallCost */
export function libraryEstimate(call: EstimatedCall): CallEstimate | undefined {
  const { name, args } = call;
  if (nominal.has(name)) return { cost: one };
  switch (name) {
    case 'check':
      return { cost: fixed(350_000) };
    case 'fieldSelector':
    case 'labelSelector':
      return selector(call);
    case 'url':
    case 'jsonpatch.escapeKey':
      return args.length === 1 ? scanned(call, args[0], traversal, true) : undefined;
    case 'ip':
      if (call.overload === 'cidr_ip') return { cost: one };
      return scanned(call, args[0], traversal, false);
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
      return scanned(call, args[0], traversal, false);
    case 'ip.isCanonical':
      return scanned(call, args[0], 2 * traversal, false);
    case 'containsIP':
      return args.length > 0 ? network(call, 'cidr_contains_ip_string') : undefined;
    case 'containsCIDR':
      return args.length > 0 ? network(call, 'cidr_contains_cidr_string') : undefined;
    case 'validate': {
      const scan = scanned(call, args[0], traversal, false);
      return scan && { cost: scaled(scan.cost, formatPattern * regexFactor) };
    }
    case '_==_':
      return args.length === 2 ? hostEquality(call) : undefined;
    default:
      return call.target === undefined ? undefined : withTarget(call, call.target);
  }
}

/** The number a literal gives, or what is assumed otherwise. */
function literalInt(operand: Operand | undefined, otherwise: number): number {
  const node = operand?.node;
  return node?.kind === 'literal' && node.of.kind === 'int' ? Math.max(0, Number(node.value)) : otherwise;
}

function allocated(factor: number, size: Bounds): CallEstimate {
  return { cost: plus(scaled(size, factor), fixed(11)), size };
}

function sorted(call: EstimatedCall, list: Operand): CallEstimate {
  const size = sizeOf(call, list);
  const texts = /list_(?:string|bytes)_/.test(call.overload);
  return allocated(texts ? 2.1 : 2, times(size, size));
}

/** Upstream: ext/lists.go, ext/sets.go */
export function extensionEstimate(call: EstimatedCall): CallEstimate | undefined {
  const { overload, target, args } = call;
  const [first, second] = args as readonly [Operand, Operand];
  switch (overload) {
    case 'lists_range':
      return allocated(1, fixed(literalInt(first, greatest)));
    case 'list_sets_contains_list':
    case 'list_sets_intersects_list':
    case 'list_sets_equivalent_list': {
      const pairs = times(sizeOf(call, first), sizeOf(call, second));
      return { cost: plus(scaled(pairs, overload === 'list_sets_equivalent_list' ? 2 : 1), one) };
    }
    default:
      return target === undefined ? undefined : listEstimate(call, target);
  }
}

function listEstimate(call: EstimatedCall, target: Operand): CallEstimate | undefined {
  const { overload, args } = call;
  switch (overload) {
    case 'list_slice': {
      const length = literalInt(args[1], sizeOf(call, target).max) - literalInt(args[0], 0);
      // Upstream's difference wraps around.
      return allocated(1, fixed(length < 0 ? greatest + length : length));
    }
    case 'list_reverse':
      return allocated(1, sizeOf(call, target));
    case 'list_flatten':
    case 'list_flatten_int':
      return allocated(literalInt(args[0], args.length === 0 ? 1 : greatest), sizeOf(call, target));
    case 'list_distinct': {
      const size = sizeOf(call, target);
      return allocated(2, times(size, size));
    }
    default:
      if (overload.endsWith('_sort')) return sorted(call, target);
      return overload.endsWith('_sortByAssociatedKeys') ? sorted(call, args[0] as Operand) : undefined;
  }
}

function conversion(size: Bounds, result: Bounds): CallEstimate {
  return { cost: scaled(size, traversal), size: result };
}

const smaller = /^(?:(?:less|greater)(?:_equals)?_(?:string|bytes)|(?:not_)?equals)$/;

/** What the language's own functions cost, sizes of joined values aside. Upstream: checker/cost.go functionCost */
export function standardEstimate({ overload, target, args }: EstimatedCall): CallEstimate {
  const size = (operand: Operand | undefined) => operand?.size ?? unknown;
  const first = size(args[0]);
  if (smaller.test(overload)) {
    const max = Math.min(first.max, size(args[1]).max);
    return { cost: scaled({ min: max > 0 ? 1 : 0, max }, traversal) };
  }
  switch (overload) {
    case 'string_format':
      return target === undefined ? { cost: one } : { cost: scaled(size(target), traversal) };
    case 'string_to_bytes':
      return conversion(first, { min: first.min, max: Math.min(greatest, first.max * 4) });
    case 'bytes_to_string':
      return conversion(first, { min: Math.floor(first.min / 4), max: first.max });
    case 'strings_quote':
      return conversion(first, { min: first.min + 2, max: Math.min(greatest, first.max * 2 + 2) });
    case 'starts_with_string':
    case 'ends_with_string':
      return { cost: scaled(first, traversal) };
    case 'in_list':
      return { cost: size(args[1]) };
    case 'matches_string':
      if (target === undefined) return { cost: one };
      return { cost: times(scaled(plus(size(target), one), traversal), scaled(first, regexFactor)) };
    case 'contains_string':
      return { cost: times(scaled(size(target), traversal), scaled(first, traversal)) };
    default:
      return { cost: one };
  }
}
