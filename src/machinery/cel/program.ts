import type { Expr } from './ast.ts';
import { sameType, typeText } from './cel-type.ts';
import { check } from './checker.ts';
import type {
  CelBindings,
  CelCompilation,
  CelCompileOptions,
  CelCost,
  CelEvaluateAsyncOptions,
  CelEvaluateOptions,
  CelProgram,
  CelResult,
  CelType,
  CelVariable,
} from './contract.ts';
import { CEL_PER_CALL_LIMIT } from './contract.ts';
import { estimateCost } from './cost-estimate.ts';
import { authorizationKey, DecisionNeeded, withDecisions } from './decisions.ts';
import { diagnose } from './diagnose.ts';
import { Environment } from './environment.ts';
import { authorizerValue, resourceCheckValue } from './library/index.ts';
import { parse } from './parser.ts';
import { Planner } from './plan.ts';
import { Run, type Step } from './run.ts';
import { Source } from './source.ts';
import { childrenOf, validate } from './validators.ts';
import { CelFault } from './values.ts';
import { startWork, withWork } from './work.ts';

interface Parts {
  readonly planner: Planner;
  readonly uses: ReadonlySet<string>;
  readonly variables: readonly CelVariable[];
}

class Program implements CelProgram {
  readonly source: string;
  readonly type: CelType;
  readonly uses: ReadonlySet<string>;
  readonly authorizes: boolean;
  private readonly step: Step;
  private readonly planner: Planner;
  private readonly tree: Expr;
  private readonly variables: readonly CelVariable[];

  constructor(tree: Expr, source: string, { planner, uses, variables }: Parts) {
    this.source = source;
    this.type = tree.type as CelType;
    this.tree = tree;
    this.authorizes = asksAuthorizer(tree);
    this.variables = variables;
    this.uses = uses;
    this.planner = planner;
    this.step = planner.plan(tree).step;
  }

  estimateCost(): CelCost {
    return estimateCost(this.tree, new Map(this.variables.map(({ name, type }) => [name, type])));
  }

  evaluate(bindings: CelBindings, options: CelEvaluateOptions = {}): CelResult {
    const run = new Run(this.bind(bindings), options.limit ?? CEL_PER_CALL_LIMIT);
    return withDecisions(options.decisions, (nested) => {
      try {
        if (!nested) startWork();
        return { ok: true, value: this.step(run), cost: withWork(run.cost) };
      } catch (error) {
        // Whoever evaluates around this one can ask, and starts again.
        if (error instanceof DecisionNeeded && (nested || options.decisions !== undefined)) throw error;
        return { ok: false, error: failure(error), cost: withWork(run.cost) };
      }
    });
  }

  async evaluateAsync(bindings: CelBindings, options: CelEvaluateAsyncOptions): Promise<CelResult> {
    const decisions = new Map(options.decisions);
    // The cost limit allows few checks, so that this ends soon.
    for (;;) {
      try {
        return this.evaluate(bindings, { ...options, decisions });
      } catch (error) {
        if (!(error instanceof DecisionNeeded)) throw error;
        decisions.set(authorizationKey(error.attributes), await options.authorize(error.attributes));
      }
    }
  }

  private bind(bindings: CelBindings): unknown[] {
    const { slots } = this.planner;
    const values: unknown[] = new Array(slots.count);
    for (const [name, slot] of slots.globals) values[slot] = bindings[name] ?? implied(name, bindings);
    return values;
  }
}

/** The variables that callers need not bind. */
function implied(name: string, bindings: CelBindings): unknown {
  if (bindings[name] === null) return null;
  if (name === 'authorizer') return authorizerValue();
  return name === 'authorizer.requestResource' ? requestedResource(bindings.request) : undefined;
}

interface AdmissionRequest {
  readonly requestResource?: { readonly group?: string; readonly resource?: string };
  readonly requestSubResource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** A check of what an admission request is for. Upstream: library.NewResourceAuthorizerVal */
function requestedResource(request: unknown): unknown {
  const { requestResource, requestSubResource, namespace, name } = (request ?? {}) as AdmissionRequest;
  const { group = '', resource = '' } = requestResource ?? {};
  return resourceCheckValue({
    group,
    resource,
    subresource: requestSubResource ?? '',
    namespace: namespace ?? '',
    name: name ?? '',
  });
}

/** Whether a tree has a call that asks the authorizer. */
function asksAuthorizer(node: Expr): boolean {
  if (node.kind === 'call' && node.name === 'check' && node.target !== undefined) return true;
  return childrenOf(node).some(asksAuthorizer);
}

function failure(error: unknown): { readonly message: string; readonly limit?: boolean } {
  if (error instanceof CelFault)
    return error.limit ? { message: error.message, limit: true } : { message: error.message };
  // Deep data exhausts the stack; nothing else is thrown here.
  return { message: `evaluation failed: ${error instanceof Error ? error.message : String(error)}` };
}

function unexpected(type: CelType, expects: readonly CelType[]): string | undefined {
  if (expects.some((wanted) => wanted.kind === 'dyn' || sameType(wanted, type))) return undefined;
  const names = expects.map(typeText);
  const wanted = names.length === 1 ? names[0] : `one of [${names.join(' ')}]`;
  return `must evaluate to ${wanted} but got ${typeText(type)}`;
}

/** Parses, checks and plans an expression. Never throws for what the text says. */
export function compileCel(text: string, options: CelCompileOptions): CelCompilation {
  const source = new Source(text);
  // Constants are computed and literals tried while compiling.
  startWork();
  const tree = parse(source, options.bindings === true);
  if (tree === undefined || source.failed) {
    if (!source.failed) diagnose(source);
    return { ok: false, error: source.error('syntax') };
  }
  const environment = new Environment(options);
  const uses = check(tree, environment, source);
  if (!source.failed) validate(tree, source);
  if (source.failed) return { ok: false, error: source.error('type') };
  const wrong = options.expects === undefined ? undefined : unexpected(tree.type as CelType, options.expects);
  if (wrong !== undefined) return { ok: false, error: { kind: 'result', message: wrong, issues: [] } };
  try {
    return {
      ok: true,
      program: new Program(tree, text, { planner: new Planner(environment), uses, variables: options.variables }),
    };
  } catch (error) {
    return { ok: false, error: { kind: 'program', message: failure(error).message, issues: [] } };
  }
}
