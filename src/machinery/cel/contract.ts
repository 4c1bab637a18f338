/**
 * The Common Expression Language as the API server speaks it: what callers (custom resource rules, policies, match
 * conditions, claim mappings, device selectors) hand in and get back. A program is compiled once, kept by its caller,
 * and evaluated over plain JSON values.
 */

export type CelKind =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'duration'
  | 'timestamp'
  | 'null'
  | 'dyn'
  | 'error'
  | 'type'
  | 'list'
  | 'map'
  | 'object'
  | 'opaque'
  | 'param';

/** One field of an object type. */
export interface CelField {
  /** The name in expressions, escaped (`__dash__`). */
  readonly name: string;
  /** The name in the JSON value. */
  readonly key: string;
  readonly type: CelType;
  readonly required?: boolean;
}

/**
 * A type of the language. Scalars are singletons; build lists, maps and objects with the functions of `cel-type.ts`.
 * `maxElements` and the like come from schemas and feed the cost estimate only.
 */
export interface CelType {
  readonly kind: CelKind;
  /** What error texts show: `int`, `list`, `map`, the name of an object or opaque type. */
  readonly name: string;
  readonly params: readonly CelType[];
  /** Objects: the fields by escaped name, resolved on first use (types may be recursive). */
  readonly fields?: () => ReadonlyMap<string, CelField>;
  /** Objects of a schema: a field that is null counts as absent. */
  readonly nullIsAbsent?: boolean;
  /** Upper bound of length, items or properties in the serialised form; absent: unknown. */
  readonly maxElements?: number;
  /** The least bytes a value takes in JSON; bounds how many of it a request can carry. */
  readonly minSerializedSize?: number;
  /** Maps whose values all have the size of their value type even where a key is selected as a field. */
  readonly sizedByKey?: boolean;
  /** Lists of a schema: how elements are identified, which decides equality and concatenation. */
  readonly listType?: 'set' | 'map';
  readonly listMapKeys?: readonly string[];
}

export interface CelVariable {
  readonly name: string;
  readonly type: CelType;
}

export interface CelCompileOptions {
  readonly variables: readonly CelVariable[];
  /** Object types that may be built with `Name{field: value}`, by name. */
  readonly types?: ReadonlyMap<string, CelType>;
  /** Type names resolve inside this namespace first. */
  readonly container?: string;
  /** The types of which the result has to have one exactly (`dyn` takes any); absent: anything. */
  readonly expects?: readonly CelType[];
  /** Offers JSONPatch{…} and jsonpatch.escapeKey (mutating policies). */
  readonly jsonPatch?: boolean;
  /** Offers `cel.bind` (device selectors). */
  readonly bindings?: boolean;
  /** Further functions of the caller's environment. */
  readonly functions?: readonly CelFunction[];
}

/** A function of a caller's own environment. */
export interface CelFunction {
  readonly name: string;
  readonly overload: string;
  readonly member?: boolean;
  readonly args: readonly CelType[];
  readonly result: CelType;
  /** Throws `CelFault` to fail the evaluation. */
  readonly call: (args: readonly unknown[]) => unknown;
}

/** One mistake, at a place of the source (1-based line, 0-based column in code points). */
export interface CelIssue {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface CelCompileError {
  /** `result`: it compiles, but gives what `expects` does not list. `program`: a constant part of it fails when run. */
  readonly kind: 'syntax' | 'type' | 'result' | 'program';
  /** The whole text as upstream shows it, source lines and carets included; joins all issues. */
  readonly message: string;
  readonly issues: readonly CelIssue[];
}

export type CelCompilation =
  | { readonly ok: true; readonly program: CelProgram }
  | { readonly ok: false; readonly error: CelCompileError };

/** Bounds of an estimated cost; saturates at 2^64-1. */
export interface CelCost {
  readonly min: number;
  readonly max: number;
}

/** What an authorizer check in an expression asks. */
export interface CelAuthorizationAttributes {
  readonly user?: {
    readonly name: string;
    readonly groups?: readonly string[];
    readonly uid?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  /** Set when the expression named a service account instead of the request's user. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly verb: string;
  /** Non-resource requests. */
  readonly path?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface CelDecision {
  readonly allowed: boolean;
  readonly reason?: string;
  readonly error?: string;
}

/**
 * Bindings by variable name; `authorizer` and `authorizer.requestResource` (from `request`) are there by themselves. Values are JSON values (or CEL values made by an earlier evaluation). A `CelLazyObject`
 * computes its fields when they are read.
 */
export type CelBindings = Readonly<Record<string, unknown>>;

export interface CelEvaluateOptions {
  /** The most this evaluation may cost; upstream's limit per expression, 1,000,000, unless told. */
  readonly limit?: number;
  /** Answers to what a program that `authorizes` asks, by `authorizationKey`; without, `evaluate` fails at the first check. */
  readonly decisions?: ReadonlyMap<string, CelDecision>;
}

export interface CelEvaluateAsyncOptions extends CelEvaluateOptions {
  readonly authorize: (attributes: CelAuthorizationAttributes) => Promise<CelDecision>;
}

export type CelResult =
  | { readonly ok: true; readonly value: unknown; readonly cost: number }
  /** `limit`: the cost limit stopped it. `message` is upstream's error text. */
  | {
      readonly ok: false;
      readonly error: { readonly message: string; readonly limit?: boolean };
      readonly cost: number;
    };

export interface CelProgram {
  readonly source: string;
  /** The type of the result; `dyn` where only running it tells. */
  readonly type: CelType;
  /** The variables that the expression mentions. */
  readonly uses: ReadonlySet<string>;
  /** Whether it may ask the authorizer, so that `evaluateAsync` is needed. */
  readonly authorizes: boolean;
  /** Upstream's static estimate, from the sizes that the variables' types carry. */
  estimateCost(): CelCost;
  /**
   * Gives a fault rather than throwing. A program that `authorizes` fails at its first check, unless it is run inside an
   * `evaluateAsync` (as a variable of a policy that is read).
   */
  evaluate(bindings: CelBindings, options?: CelEvaluateOptions): CelResult;
  /** As `evaluate`, asking the authorizer where the expression does. */
  evaluateAsync(bindings: CelBindings, options: CelEvaluateAsyncOptions): Promise<CelResult>;
}

/** Upstream's limits (pkg/apis/cel/config.go, pkg/cel/limits.go). */
export const CEL_PER_CALL_LIMIT = 1_000_000;
export const CEL_RUNTIME_BUDGET = 10_000_000;
export const CEL_MATCH_CONDITIONS_BUDGET = 2_500_000;
export const CEL_MAX_REQUEST_BYTES = 3 * 1024 * 1024;
