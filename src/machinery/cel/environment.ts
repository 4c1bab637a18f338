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
import type { CelCompileOptions, CelFunction, CelType } from './contract.ts';
import { type Declarations, type FunctionDeclaration, LibraryDeclarations, type Overload } from './declaration.ts';
import { baseLibraries, hostTypes, jsonPatchLibrary } from './library/index.ts';
import { patchType } from './objects.ts';

interface Base {
  readonly functions: Declarations;
  readonly types: ReadonlyMap<string, CelType>;
}

let base: Base | undefined;

/** What every expression may use, built when the first one is compiled. */
function baseOf(): Base {
  if (base !== undefined) return base;
  const hosts = hostTypes();
  const types = new Map<string, CelType>();
  const known = [
    boolType,
    bytesType,
    doubleType,
    durationType,
    intType,
    nullType,
    stringType,
    timestampType,
    anyTypeType,
    uintType,
  ];
  const [a, b] = [paramOf('A'), paramOf('B')];
  const structured = [listOf(a), mapOf(a, b), optionalOf(dynType)];
  for (const type of [...known, ...structured, ...hosts.values()]) types.set(type.name, type);
  base = { functions: new LibraryDeclarations(baseLibraries(), hosts), types };
  return base;
}

export interface Ident {
  readonly name: string;
  readonly type: CelType;
  readonly variable: boolean;
}

/** The names that an expression sees. */
export class Environment {
  readonly container: string;
  private readonly variables: ReadonlyMap<string, CelType>;
  private readonly types: ReadonlyMap<string, CelType>;
  private readonly patches: boolean;
  private readonly functions: Declarations;

  constructor(options: CelCompileOptions) {
    this.container = options.container ?? '';
    this.variables = new Map(options.variables.map((variable) => [variable.name, variable.type]));
    const known = baseOf();
    this.patches = options.jsonPatch === true;
    this.types = options.types ?? new Map();
    this.functions =
      this.patches || options.functions !== undefined ? extended(known.functions, options) : known.functions;
  }

  /** A variable or the name of a type, by its name or inside the container. */
  ident(name: string): Ident | undefined {
    for (const candidate of this.candidates(name)) {
      const variable = this.variables.get(candidate);
      if (variable !== undefined) return { name: candidate, type: variable, variable: true };
      const type = this.typeNamed(candidate);
      if (type !== undefined) return { name: candidate, type: typeOf(type), variable: false };
    }
    return undefined;
  }

  function(name: string): FunctionDeclaration | undefined {
    for (const candidate of this.candidates(name)) {
      const found = this.functions.get(candidate);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private typeNamed(name: string): CelType | undefined {
    return this.types.get(name) ?? baseOf().types.get(name) ?? (this.patches ? patchType(name) : undefined);
  }

  private candidates(name: string): readonly string[] {
    if (name.startsWith('.')) return [name.slice(1)];
    if (this.container === '') return [name];
    const found: string[] = [];
    for (let prefix = this.container; prefix !== ''; prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf('.')))) {
      found.push(`${prefix}.${name}`);
    }
    return [...found, name];
  }
}

/** The base's functions, and those of one environment. */
function extended(known: Declarations, options: CelCompileOptions): Declarations {
  const patches = options.jsonPatch === true ? new LibraryDeclarations([jsonPatchLibrary()], hostTypes()) : undefined;
  const own = options.functions ?? [];
  return {
    get: (name) => {
      const overloads = [
        ...(known.get(name)?.overloads ?? []),
        ...(patches?.get(name)?.overloads ?? []),
        ...own.filter((one) => one.name === name).map(overloadOf),
      ];
      return overloads.length === 0 ? undefined : { name, overloads };
    },
  };
}

function overloadOf(own: CelFunction): Overload {
  const call = (...args: readonly unknown[]) => own.call(args);
  return { id: own.overload, member: own.member === true, args: own.args, result: own.result, generic: false, call };
}
