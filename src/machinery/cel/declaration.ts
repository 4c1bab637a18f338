import {
  anyTypeType,
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  mapOf,
  nullType,
  optionalOf,
  paramOf,
  stringType,
  timestampType,
  typeOf,
  uintType,
} from './cel-type.ts';
import type { CelType } from './contract.ts';

export type Implementation = (...args: readonly never[]) => unknown;

/** One way to call a function. */
export interface Overload {
  /** Upstream's id, which the cost models go by. */
  readonly id: string;
  readonly member: boolean;
  /** The target first for members. */
  readonly args: readonly CelType[];
  readonly result: CelType;
  readonly generic: boolean;
  /** Absent where the planner has its own way (operators, indexing). */
  readonly call?: Implementation;
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly overloads: readonly Overload[];
}

/** The functions of a library: `name`, then pairs of a signature and what it does. */
export interface Library {
  readonly [name: string]: Readonly<Record<string, Implementation | null>>;
}

const scalars: Readonly<Record<string, CelType>> = {
  bool: boolType,
  int: intType,
  uint: uintType,
  double: doubleType,
  string: stringType,
  bytes: bytesType,
  duration: durationType,
  timestamp: timestampType,
  null: nullType,
  dyn: dynType,
  type: anyTypeType,
};

/** Reads one type of a signature: `list(A)`, `map(string, dyn)`, `optional(V)`; a capital letter is a parameter. */
function readType(text: string, hosts: ReadonlyMap<string, CelType>): CelType {
  const open = text.indexOf('(');
  if (open === -1) {
    if (/^[A-Z]$/.test(text)) return paramOf(text);
    const found = scalars[text] ?? hosts.get(text);
    if (found === undefined) throw new Error(`no type ${text} in a signature`);
    return found;
  }
  const inner = splitTypes(text.slice(open + 1, -1)).map((part) => readType(part, hosts));
  const [first, second] = inner as [CelType, CelType];
  switch (text.slice(0, open)) {
    case 'list':
      return listOf(first);
    case 'map':
      return mapOf(first, second);
    case 'optional':
      return optionalOf(first);
    default:
      return typeOf(first);
  }
}

function splitTypes(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')') depth--;
    else if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  const last = text.slice(start).trim();
  if (last !== '') parts.push(last);
  return parts;
}

function isGeneric(type: CelType): boolean {
  return type.kind === 'param' || type.params.some(isGeneric);
}

/**
 * An overload of `id(int, list(A)) -> bool`; `id: string.(int) -> bool` is a member of strings.
 */
function readOverload(signature: string, call: Implementation | null, hosts: ReadonlyMap<string, CelType>): Overload {
  const [, id, target, args, result] = /^([^\s:(]+)(?::\s*(\S.*)\.)?\((.*)\)\s*->\s*(.+)$/.exec(signature) as string[];
  const types = [...(target === undefined ? [] : [target]), ...splitTypes(args as string)].map((part) =>
    readType(part, hosts),
  );
  const resultType = readType(result as string, hosts);
  return {
    id: id as string,
    member: target !== undefined,
    args: types,
    result: resultType,
    generic: isGeneric(resultType) || types.some(isGeneric),
    ...(call === null ? {} : { call }),
  };
}

/** The functions of an environment by name. */
export interface Declarations {
  get(name: string): FunctionDeclaration | undefined;
}

/**
 * The functions of libraries. Signatures are read when a function is first looked up: an expression uses few of hundreds.
 * Overloads keep the order in which libraries come.
 */
export class LibraryDeclarations implements Declarations {
  private readonly libraries: readonly Library[];
  private readonly hosts: ReadonlyMap<string, CelType>;
  private readonly known = new Map<string, FunctionDeclaration | undefined>();

  constructor(libraries: readonly Library[], hosts: ReadonlyMap<string, CelType>) {
    this.libraries = libraries;
    this.hosts = hosts;
  }

  get(name: string): FunctionDeclaration | undefined {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const overloads = this.libraries.flatMap((library) =>
      Object.hasOwn(library, name)
        ? Object.entries(library[name] ?? {}).map(([signature, call]) => readOverload(signature, call, this.hosts))
        : [],
    );
    if (overloads.length === 0) return undefined;
    const declaration = { name, overloads };
    this.known.set(name, declaration);
    return declaration;
  }
}
