import { dynType, isOptional, sameType } from './cel-type.ts';
import type { CelType } from './contract.ts';

function isDynOrError(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'error';
}

function nullable(type: CelType): boolean {
  return (
    type.kind === 'opaque' ||
    type.kind === 'object' ||
    type.kind === 'duration' ||
    type.kind === 'timestamp' ||
    type.kind === 'null'
  );
}

/** Whether `a` equals `b` or says less. Upstream: checker/types.go isEqualOrLessSpecific */
function coversType(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'param') return true;
  if (b.kind === 'dyn' || b.kind === 'param') return false;
  if (a.kind !== b.kind) return false;
  if (a.kind === 'type') return true;
  if (a.kind !== 'opaque' && a.kind !== 'list' && a.kind !== 'map') return sameType(a, b);
  if (a.name !== b.name || a.params.length !== b.params.length) return false;
  return a.params.every((param, index) => coversType(param, b.params[index] as CelType));
}

/** The more general of two types that agree. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return coversType(a, b) ? a : b;
}

/** What type variables stand for, with a log that lets a failed comparison be taken back. Upstream: checker/types.go */
export class Substitution {
  private readonly known = new Map<string, CelType>();
  private readonly log: [string, CelType | undefined][] = [];
  private counter = 0;

  fresh(): CelType {
    return { kind: 'param', name: `_var${this.counter++}`, params: [] };
  }

  /** Whether `a` may be given where `b` is wanted; learns what variables stand for. */
  assignable(a: CelType, b: CelType): boolean {
    return this.attempt(() => this.fits(a, b));
  }

  assignableAll(from: readonly CelType[], to: readonly CelType[]): boolean {
    return this.attempt(() => this.fitAll(from, to));
  }

  /** Replaces variables by what they stand for; unbound ones become `dyn` where wanted. */
  apply(type: CelType, unboundToDyn: boolean): CelType {
    if (type.kind === 'param') {
      const bound = this.known.get(type.name);
      if (bound !== undefined) return this.apply(bound, unboundToDyn);
      return unboundToDyn ? dynType : type;
    }
    if (type.params.length === 0) return type;
    const params = type.params.map((param) => this.apply(param, unboundToDyn));
    return params.every((param, index) => param === type.params[index]) ? type : { ...type, params };
  }

  private attempt(comparison: () => boolean): boolean {
    const mark = this.log.length;
    if (comparison()) return true;
    while (this.log.length > mark) {
      const [name, before] = this.log.pop() as [string, CelType | undefined];
      if (before === undefined) this.known.delete(name);
      else this.known.set(name, before);
    }
    return false;
  }

  private bind(variable: CelType, type: CelType): void {
    this.log.push([variable.name, this.known.get(variable.name)]);
    this.known.set(variable.name, type);
  }

  private fitAll(from: readonly CelType[], to: readonly CelType[]): boolean {
    return from.length === to.length && from.every((type, index) => this.fits(type, to[index] as CelType));
  }

  private fits(a: CelType, b: CelType): boolean {
    if (b.kind === 'param') {
      const [valid, bound] = this.stands(a, b);
      if (valid) return true;
      if (bound) return false;
    }
    if (a.kind === 'param') return this.stands(b, a)[0];
    if (isDynOrError(a) || isDynOrError(b)) return true;
    if (a.kind === 'null') return nullable(b);
    if (b.kind === 'null') return nullable(a);
    if (a.kind === 'type') return b.kind === 'type';
    if (a.kind === 'opaque' || a.kind === 'list' || a.kind === 'map') {
      return a.kind === b.kind && a.name === b.name && this.fitAll(a.params, b.params);
    }
    return sameType(a, b);
  }

  /** Whether `variable` may stand for `type`, and whether it already stands for something. */
  private stands(type: CelType, variable: CelType): readonly [boolean, boolean] {
    if (sameType(type, variable)) return [true, true];
    const bound = this.known.get(variable.name);
    if (bound !== undefined) {
      if (sameType(type, bound)) return [true, true];
      if (!this.fits(type, bound)) return [false, true];
      const general = mostGeneral(type, bound);
      if (this.free(variable, general)) this.bind(variable, general);
      return [true, true];
    }
    if (!this.free(variable, type)) return [false, false];
    this.bind(variable, type);
    return [true, false];
  }

  /** Whether a variable does not occur in a type. */
  private free(variable: CelType, within: CelType): boolean {
    if (sameType(variable, within)) return false;
    if (within.kind === 'param') {
      const bound = this.known.get(within.name);
      return bound === undefined || this.free(variable, bound);
    }
    return within.params.every((param) => this.free(variable, param));
  }
}

/** The type inside an optional, or the type itself. */
export function unwrapOptional(type: CelType): { readonly type: CelType; readonly optional: boolean } {
  return isOptional(type) ? { type: type.params[0] as CelType, optional: true } : { type, optional: false };
}
