/**
 * Evaluates the expressions of one policy or webhook for one request.
 * Upstream: apiserver/pkg/admission/plugin/cel/{activation,composition}.go.
 */
import type { CompiledExpression } from '../../../kinds/index.ts';
import {
  type CelBindings,
  type CelEvaluateAsyncOptions,
  CelFault,
  CelLazyObject,
  type CelResult,
} from '../../../machinery/cel/index.ts';
import { quote } from '../../../machinery/quote.ts';

/** The value of an expression, or why it has none. */
export type Evaluation = { readonly value: unknown; readonly error?: undefined } | { readonly error: string };

/** No further expression is run. */
export class OutOfBudgetError extends Error {
  override readonly name = 'OutOfBudgetError';
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

export type Authorize = CelEvaluateAsyncOptions['authorize'];

/** Expressions that others read as `variables.NAME`, in the order in which they may read each other. */
export type CompiledVariables = ReadonlyMap<string, CompiledExpression>;

export interface ActivationInput {
  /** `object`, `oldObject`, `request`, `params`, `namespaceObject` and the authorizers. */
  readonly bindings: CelBindings;
  readonly variables?: CompiledVariables | undefined;
  readonly authorize: Authorize;
  /** What all evaluations may cost together. */
  readonly budget: number;
}

/** Evaluates expressions one after the other until their budget is spent. */
export class Activation {
  remaining: number;
  readonly #authorize: Authorize;
  readonly #bindings: CelBindings;
  readonly #variables: LazyVariables | undefined;

  constructor({ bindings, variables, authorize, budget }: ActivationInput) {
    this.remaining = budget;
    this.#authorize = authorize;
    this.#variables = variables?.size ? new LazyVariables(variables, bindings) : undefined;
    this.#bindings = this.#variables ? withVariables(bindings, this.#variables) : bindings;
  }

  /** Throws an OutOfBudgetError when the costs exceed the budget. */
  async evaluate({ source, program, fault }: CompiledExpression): Promise<Evaluation> {
    if (fault !== undefined) return { error: `compilation error: ${fault}` };
    if (!program) return { error: 'unexpected internal error compiling expression' };
    const asks = program.authorizes || (this.#variables?.authorize && program.uses.has('variables'));
    const result = asks
      ? await program.evaluateAsync(this.#bindings, { authorize: this.#authorize })
      : program.evaluate(this.#bindings);
    this.#spend(this.#variables?.takeCost() ?? 0);
    this.#spend(result.cost);
    if (result.ok) return { value: result.value };
    return { error: `expression '${source}' resulted in error: ${result.error.message}` };
  }

  #spend(cost: number): void {
    if (cost > this.remaining) throw new OutOfBudgetError();
    this.remaining -= cost;
  }
}

/** Inherits, so that what is made when it is read stays so. */
const withVariables = (bindings: CelBindings, variables: LazyVariables): CelBindings =>
  Object.create(bindings, { variables: { value: variables, enumerable: true } }) as CelBindings;

/** The variables of a policy, evaluated when they are read for the first time. */
class LazyVariables extends CelLazyObject {
  readonly #compiled: CompiledVariables;
  readonly #bindings: CelBindings;
  readonly #results = new Map<string, CelResult>();
  readonly #charged = new Set<string>();
  #cost = 0;

  constructor(compiled: CompiledVariables, bindings: CelBindings) {
    super();
    this.#compiled = compiled;
    this.#bindings = withVariables(bindings, this);
  }

  /** Whether one of them asks the authorizer. */
  get authorize(): boolean {
    return [...this.#compiled.values()].some(({ program }) => program?.authorizes);
  }

  has(name: string): boolean {
    return this.#compiled.has(name);
  }

  get(name: string): unknown {
    const { program, fault } = this.#compiled.get(name) ?? {};
    if (!program) throw new CelFault(`composited variable ${quote(name)} fails to compile: ${fault}`);
    let result = this.#results.get(name);
    if (!result) {
      // Where the authorizer has to be asked first, this throws, and the expression is evaluated again.
      result = program.evaluate(this.#bindings);
      this.#results.set(name, result);
    }
    if (!this.#charged.has(name)) this.#cost += result.cost;
    this.#charged.add(name);
    if (result.ok) return result.value;
    throw new CelFault(`composited variable ${quote(name)} fails to evaluate: ${result.error.message}`);
  }

  /** The cost of what was read since it was asked last. */
  takeCost(): number {
    const cost = this.#cost;
    this.#cost = 0;
    return cost;
  }
}
