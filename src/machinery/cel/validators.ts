/** Checks of a typed tree for what could only fail when it runs. Upstream: cel/validator.go, ext/formatting.go */
import type { CallNode, Expr, ListNode, MapNode } from './ast.ts';
import { formatType, sameType } from './cel-type.ts';
import type { CelKind, CelType } from './contract.ts';
import { toDuration, toTimestamp } from './convert.ts';
import { clauseMismatch, FormatFault, fillFormat, type Verb } from './library/string-format.ts';
import { compileRegex } from './regex.ts';
import type { Source } from './source.ts';
import { unwrapOptional } from './unification.ts';

/** The children of a node, in upstream's order. */
export function childrenOf(node: Expr): readonly Expr[] {
  switch (node.kind) {
    case 'select':
      return [node.operand];
    case 'call':
      return node.target === undefined ? node.args : [node.target, ...node.args];
    case 'list':
      return node.elements;
    case 'map':
      return node.entries.flatMap((entry) => [entry.key, entry.value]);
    case 'struct':
      return node.fields.map((field) => field.value);
    case 'fold':
      return [node.range, node.init, node.condition, node.step, node.result];
    default:
      return [];
  }
}

function fails(check: () => unknown): boolean {
  try {
    check();
    return false;
  } catch {
    return true;
  }
}

const literalChecks: Readonly<Record<string, (value: unknown) => unknown>> = {
  duration: toDuration,
  timestamp: toTimestamp,
  matches: (value) => (typeof value === 'string' ? compileRegex(value) : value),
};

function checkLiteral(node: CallNode, source: Source): void {
  const check = Object.hasOwn(literalChecks, node.name) ? literalChecks[node.name] : undefined;
  const [arg] = node.args;
  if (check === undefined || arg?.kind !== 'literal') return;
  if (fails(() => check(arg.value))) source.report(arg.at, `invalid ${node.name} argument`);
}

function reportMismatch(node: Expr, expected: CelType, found: CelType, source: Source): void {
  source.report(node.at, `expected type '${formatType(expected)}' but found '${formatType(found)}'`);
}

function typeOf(node: Expr, optional: boolean): CelType {
  const type = node.type as CelType;
  return optional ? unwrapOptional(type).type : type;
}

function checkList(node: ListNode, source: Source): void {
  const types = node.elements.map((element, index) => typeOf(element, node.optional.has(index)));
  const [first] = types;
  const wrong = types.findIndex((type) => !sameType(first as CelType, type));
  if (wrong > 0) reportMismatch(node.elements[wrong] as Expr, first as CelType, types[wrong] as CelType, source);
}

function checkMap(node: MapNode, source: Source): void {
  const [first, ...rest] = node.entries;
  if (first === undefined) return;
  const key = first.key.type as CelType;
  const value = typeOf(first.value, first.optional);
  for (const entry of rest) {
    const [keyType, valueType] = [entry.key.type as CelType, typeOf(entry.value, entry.optional)];
    if (!sameType(key, keyType)) reportMismatch(entry.key, key, keyType, source);
    if (!sameType(value, valueType)) reportMismatch(entry.value, value, valueType, source);
  }
}

const shown: readonly CelKind[] = [
  'list',
  'map',
  'int',
  'uint',
  'double',
  'bool',
  'string',
  'timestamp',
  'bytes',
  'duration',
  'type',
  'null',
];
const accepted: Readonly<Record<Verb, readonly CelKind[]>> = {
  s: shown,
  d: ['int', 'uint'],
  f: ['double', 'string'],
  e: ['double', 'string'],
  b: ['int', 'uint', 'bool'],
  x: ['int', 'uint', 'string', 'bytes'],
  X: ['int', 'uint', 'string', 'bytes'],
  o: ['int', 'uint'],
};

/** The first node that a clause does not take, lists and maps looked into for `%s`. */
function misfit(node: Expr, verb: Verb): Expr | undefined {
  const { kind } = node.type as CelType;
  if (kind !== 'dyn' && !accepted[verb].includes(kind)) return node;
  if (verb !== 's' || (node.kind !== 'list' && node.kind !== 'map')) return undefined;
  for (const child of childrenOf(node)) {
    const found = misfit(child, verb);
    if (found !== undefined) return found;
  }
  return undefined;
}

function checkFormat(node: CallNode, source: Source): void {
  const [list] = node.args;
  const text = node.target;
  if (text?.kind !== 'literal' || typeof text.value !== 'string' || list?.kind !== 'list') return;
  let requested = 0;
  let wrong: Expr | undefined;
  const render = (verb: Verb, index: number): string => {
    wrong = misfit(list.elements[index] as Expr, verb);
    if (wrong !== undefined) throw new FormatFault(clauseMismatch(verb, (wrong.type as CelType).name));
    return '';
  };
  try {
    fillFormat(text.value, {
      request: () => {
        requested++;
      },
      count: list.elements.length,
      render: ({ verb }, index) => render(verb, index),
    });
  } catch (error) {
    if (!(error instanceof FormatFault)) throw error;
    source.report((wrong ?? node).at, error.message);
    return;
  }
  const given = list.elements.length;
  if (given > requested) {
    source.report(node.at, `too many arguments supplied to string.format (expected ${requested}, got ${given})`);
  }
}

/** Reports what validates a checked tree. Literals inside `format` calls may mix types. */
export function validate(node: Expr, source: Source, formatted = false): void {
  let inFormat = formatted;
  if (node.kind === 'list' && !formatted) checkList(node, source);
  else if (node.kind === 'map' && !formatted) checkMap(node, source);
  else if (node.kind === 'call') {
    checkLiteral(node, source);
    if (node.name === 'format') {
      if (node.target !== undefined) checkFormat(node, source);
      inFormat = true;
    }
  }
  for (const child of childrenOf(node)) validate(child, source, inFormat);
}
