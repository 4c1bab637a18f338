import {
  type CallNode,
  type Expr,
  type FoldNode,
  type ListNode,
  type MapNode,
  qualifiedName,
  type SelectNode,
  type StructNode,
} from './ast.ts';
import {
  boolType,
  dynType,
  errorType,
  formatSignature,
  formatType,
  intType,
  listOf,
  mapOf,
  optionalOf,
  sameType,
} from './cel-type.ts';
import type { CelType } from './contract.ts';
import type { FunctionDeclaration, Overload } from './declaration.ts';
import type { Environment } from './environment.ts';
import type { Source } from './source.ts';
import { mostGeneral, Substitution, unwrapOptional } from './unification.ts';

function isError(type: CelType): boolean {
  return type.kind === 'error';
}

/** Upstream: checker/checker.go */
class Checker {
  private readonly environment: Environment;
  private readonly source: Source;
  private readonly types = new Substitution();
  /** Variables of folds, innermost last. */
  private readonly scopes: Map<string, CelType>[] = [];
  private readonly visited: Expr[] = [];
  readonly uses = new Set<string>();

  constructor(environment: Environment, source: Source) {
    this.environment = environment;
    this.source = source;
  }

  run(tree: Expr): void {
    this.check(tree);
    for (const node of this.visited) node.type = this.types.apply(node.type as CelType, true);
  }

  private check(node: Expr): CelType {
    node.type = this.typeOf(node);
    this.visited.push(node);
    return node.type;
  }

  private typeOf(node: Expr): CelType {
    switch (node.kind) {
      case 'literal':
        return node.of;
      case 'ident': {
        const found = this.ident(node.name);
        if (found === undefined) return this.undeclared(node.at, node.name);
        node.name = found.name;
        return found.type;
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
        return this.struct(node);
      case 'fold':
        return this.fold(node);
      case 'broken':
        return errorType;
    }
  }

  private undeclared(at: number, name: string): CelType {
    this.source.report(at, `undeclared reference to '${name}' (in container '${this.environment.container}')`);
    return errorType;
  }

  private ident(name: string): { readonly name: string; readonly type: CelType } | undefined {
    for (let level = this.scopes.length - 1; level >= 0; level--) {
      const type = this.scopes[level]?.get(name);
      if (type !== undefined) return { name, type };
    }
    const found = this.environment.ident(name);
    if (found?.variable) this.uses.add(found.name);
    return found;
  }

  private select(node: SelectNode): CelType {
    const path = qualifiedName(node);
    const whole = path === undefined ? undefined : this.ident(path);
    if (whole !== undefined) {
      node.resolved = whole.name;
      return whole.type;
    }
    const type = this.field(node, node.operand, node.field, false);
    return node.test ? boolType : this.types.apply(type, false);
  }

  /** The type of a field of an operand; optional when the operand is, or when asked for so. */
  private field(node: Expr, operand: Expr, field: string, optional: boolean): CelType {
    const target = unwrapOptional(this.types.apply(this.check(operand), false));
    const result = this.fieldOf(node, target.type, field);
    return target.optional || optional ? optionalOf(result) : result;
  }

  private fieldOf(node: Expr, type: CelType, field: string): CelType {
    switch (type.kind) {
      case 'map':
        return type.params[1] as CelType;
      case 'object': {
        const found = type.fields?.().get(field);
        if (found !== undefined) return found.type;
        this.source.report(node.at, `undefined field '${field}'`);
        return errorType;
      }
      case 'param':
        this.types.assignable(dynType, type);
        return dynType;
      case 'dyn':
      case 'error':
        return dynType;
      default:
        this.source.report(node.at, `type '${formatType(type)}' does not support field selection`);
        return dynType;
    }
  }

  private call(node: CallNode): CelType {
    if (node.name === '_?._' && node.target === undefined) {
      const [operand, name] = node.args as [Expr, Expr];
      const type = this.types.apply(
        this.field(node, operand, name.kind === 'literal' ? String(name.value) : '', true),
        false,
      );
      node.overloads = this.environment.function('_?._')?.overloads ?? [];
      name.type = name.kind === 'literal' ? name.of : dynType;
      return type;
    }
    for (const arg of node.args) this.check(arg);
    if (node.target === undefined) return this.global(node);
    const prefix = qualifiedName(node.target);
    const named = prefix === undefined ? undefined : this.environment.function(`${prefix}.${node.name}`);
    if (named !== undefined) {
      node.name = named.name;
      node.target = undefined;
      return this.resolve(node, named);
    }
    this.check(node.target);
    const found = this.environment.function(node.name);
    return found === undefined ? this.undeclared(node.at, node.name) : this.resolve(node, found);
  }

  private global(node: CallNode): CelType {
    const found = this.environment.function(node.name);
    if (found === undefined) return this.undeclared(node.at, node.name);
    node.name = found.name;
    return this.resolve(node, found);
  }

  private resolve(node: CallNode, declaration: FunctionDeclaration): CelType {
    const args = node.target === undefined ? node.args : [node.target, ...node.args];
    if (declaration.name === '_&&_' || declaration.name === '_||_') return this.logical(node, declaration);
    const given = args.map((arg) => arg.type as CelType);
    const matched: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of declaration.overloads) {
      if (overload.member !== (node.target !== undefined)) continue;
      const [wanted, outcome] = this.instance(overload);
      if (!this.types.assignableAll(given, wanted)) continue;
      matched.push(overload);
      const type = this.types.apply(outcome, false);
      if (result === undefined) result = type;
      else if (result.kind !== 'dyn' && !sameType(type, result)) result = dynType;
    }
    if (result === undefined) {
      const shown = given.map((type) => this.types.apply(type, true));
      const signature = formatSignature(shown, node.target !== undefined);
      this.source.report(node.at, `found no matching overload for '${declaration.name}' applied to '${signature}'`);
      return errorType;
    }
    node.overloads = matched;
    return result;
  }

  /** The argument types and result of an overload, its parameters made fresh variables. */
  private instance(overload: Overload): readonly [readonly CelType[], CelType] {
    if (!overload.generic) return [overload.args, overload.result];
    const variables = new Map<string, CelType>();
    const replace = (type: CelType): CelType => {
      if (type.kind !== 'param') return type.params.length === 0 ? type : { ...type, params: type.params.map(replace) };
      const variable = variables.get(type.name) ?? this.types.fresh();
      variables.set(type.name, variable);
      return variable;
    };
    return [overload.args.map(replace), replace(overload.result)];
  }

  private logical(node: CallNode, declaration: FunctionDeclaration): CelType {
    node.overloads = declaration.overloads;
    let failed = false;
    for (const arg of node.args) {
      if (this.types.assignable(arg.type as CelType, boolType)) continue;
      this.mismatch(arg, boolType, arg.type as CelType);
      failed = true;
    }
    return failed ? errorType : boolType;
  }

  private mismatch(node: Expr, expected: CelType, found: CelType): void {
    this.source.report(node.at, `expected type '${formatType(expected)}' but found '${formatType(found)}'`);
  }

  /** The type an optional entry (`[?x]`, `{?k: x}`) contributes. */
  private entry(node: Expr, optional: boolean): CelType {
    const type = node.type as CelType;
    if (!optional) return type;
    const inner = unwrapOptional(type);
    if (!inner.optional && inner.type.kind !== 'dyn') this.mismatch(node, optionalOf(inner.type), inner.type);
    return inner.type;
  }

  /** The common type of aggregate entries; `validate` complains where they do not agree. */
  private join(previous: CelType | undefined, current: CelType): CelType {
    if (previous === undefined) return current;
    if (this.types.assignable(previous, current)) return mostGeneral(previous, current);
    return dynType;
  }

  private list(node: ListNode): CelType {
    let element: CelType | undefined;
    node.elements.forEach((item, index) => {
      this.check(item);
      element = this.join(element, this.entry(item, node.optional.has(index)));
    });
    return listOf(element ?? this.types.fresh());
  }

  private map(node: MapNode): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of node.entries) {
      key = this.join(key, this.check(entry.key));
      this.check(entry.value);
      value = this.join(value, this.entry(entry.value, entry.optional));
    }
    return mapOf(key ?? this.types.fresh(), value ?? this.types.fresh());
  }

  private struct(node: StructNode): CelType {
    const found = this.ident(node.name);
    if (found === undefined) return this.undeclared(node.at, node.name);
    node.name = found.name;
    const type = this.structType(node, found.type);
    for (const field of node.fields) {
      this.check(field.value);
      const wanted = isError(type) ? undefined : type.fields?.().get(field.name);
      if (isError(type)) this.source.report(field.at, `unexpected failed resolution of '${node.name}'`);
      else if (wanted === undefined) this.source.report(field.at, `undefined field '${field.name}'`);
      const given = this.entry(field.value, field.optional);
      if (wanted === undefined || this.types.assignable(wanted.type, given)) continue;
      const texts = `'${formatType(wanted.type)}' but provided type is '${formatType(given)}'`;
      this.source.report(field.at, `expected type of field '${field.name}' is ${texts}`);
    }
    return type;
  }

  private structType(node: StructNode, type: CelType): CelType {
    if (isError(type)) return errorType;
    if (type.kind !== 'type') {
      this.source.report(node.at, `'${type.name}' is not a type`);
      return errorType;
    }
    const named = type.params[0];
    if (named?.kind === 'object') return named;
    this.source.report(node.at, `'${named?.name ?? 'type'}' is not a message type`);
    return errorType;
  }

  private fold(node: FoldNode): CelType {
    this.check(node.range);
    const accumulated = this.check(node.init);
    const range = this.types.apply(node.range.type as CelType, false);
    this.scopes.push(new Map([[node.accumulator, accumulated]]));
    const [first, second] = this.iterated(node, range);
    this.scopes.push(
      new Map([[node.variable, first], ...(node.second === undefined ? [] : [[node.second, second] as const])]),
    );
    this.check(node.condition);
    this.assert(node.condition, boolType);
    this.check(node.step);
    this.assert(node.step, accumulated);
    this.scopes.pop();
    this.check(node.result);
    this.scopes.pop();
    return this.types.apply(node.result.type as CelType, false);
  }

  /** The types of a fold's variables. */
  private iterated(node: FoldNode, range: CelType): readonly [CelType, CelType] {
    switch (range.kind) {
      case 'list': {
        const element = range.params[0] as CelType;
        return node.second === undefined ? [element, element] : [intType, element];
      }
      case 'map':
        return range.params as readonly [CelType, CelType];
      case 'dyn':
      case 'error':
      case 'param':
        this.types.assignable(dynType, range);
        return [dynType, dynType];
      default: {
        const type = formatType(range);
        const message = `expression of type '${type}' cannot be range of a comprehension (must be list, map, or dynamic)`;
        this.source.report(node.range.at, message);
        return [errorType, errorType];
      }
    }
  }

  private assert(node: Expr, wanted: CelType): void {
    if (!this.types.assignable(wanted, node.type as CelType)) this.mismatch(node, wanted, node.type as CelType);
  }
}

/** Types a tree in place and reports what does not fit; gives the variables it mentions. */
export function check(tree: Expr, environment: Environment, source: Source): ReadonlySet<string> {
  const checker = new Checker(environment, source);
  checker.run(tree);
  return checker.uses;
}
