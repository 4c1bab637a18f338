/**
 * The expressions of admission policies and of match conditions: what they see and what they may evaluate to.
 * Upstream: apiserver/pkg/admission/plugin/cel/{compile,composition}.go.
 */
import {
  boolType,
  type CelField,
  type CelProgram,
  type CelType,
  type CelVariable,
  compileCel,
  dynType,
  fieldOf,
  hostOf,
  intType,
  listOf,
  mapOf,
  objectOf,
  stringType,
  timestampType,
} from '../../../machinery/cel/index.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { invalidError } from '../../../machinery/validation/index.ts';

/** What an expression sees besides `object`, `oldObject`, `request` and `namespaceObject`. */
export interface ExpressionScope {
  readonly params: boolean;
  readonly authorizer: boolean;
  /** Offers `Object{…}` and `JSONPatch{…}`. */
  readonly patches?: boolean;
  /** Absent: `variables` is no name. */
  readonly variables?: ExpressionVariables;
  /** Types of `object` and `oldObject`, and of `params`; any unless told. */
  readonly objectType?: CelType;
  readonly paramsType?: CelType;
}

/** An expression that compiled has a program, another one a fault: what upstream says is wrong. */
export interface CompiledExpression {
  readonly source: string;
  readonly program?: CelProgram;
  readonly fault?: string;
  /** It compiles, but cannot be made to run: upstream's own fault, as its messages have it. */
  readonly internal?: boolean;
}

/** Types an expression may evaluate to, as messages name them. */
export const RESULTS = {
  condition: ['bool'],
  message: ['string'],
  annotation: ['string', 'null_type'],
  applyConfiguration: ['Object'],
  jsonPatch: ['list(JSONPatch)'],
} as const;

/** Compiles `source`; `results` are the types that it may have, any when left out. */
export function compileExpression(
  source: string,
  scope: ExpressionScope,
  results?: readonly string[],
): CompiledExpression {
  const compiled = compileCel(source, {
    variables: variablesOf(scope),
    ...(scope.patches ? { jsonPatch: true } : {}),
  });
  if (!compiled.ok) {
    const { kind, message } = compiled.error;
    return kind === 'program'
      ? { source, fault: `program instantiation failed: ${message}`, internal: true }
      : { source, fault: `compilation failed: ${message}` };
  }
  const { program } = compiled;
  const got = typeText(program.type);
  if (results === undefined || results.includes(got)) return { source, program };
  const wanted = results.length === 1 ? results[0] : `one of [${results.join(' ')}]`;
  return { source, fault: `must evaluate to ${wanted} but got ${got}` };
}

/** What the checker says of an expression, whatever it evaluates to; undefined when it fits the types of `scope`. */
export function typeIssues(source: string, scope: ExpressionScope): string | undefined {
  const compiled = compileCel(source, { variables: variablesOf(scope) });
  return compiled.ok || compiled.error.kind === 'program' ? undefined : compiled.error.message;
}

/** The fault of an expression as a field error. */
export const expressionErrors = (
  path: string,
  source: string,
  { scope, results }: { scope: ExpressionScope; results: readonly string[] },
): FieldError[] => faultErrors(path, source, compileExpression(source, scope, results));

/** What is wrong with a compiled expression; `source` is shown. Upstream: convertCELErrorToValidationError. */
export function faultErrors(path: string, source: string, { fault, internal }: CompiledExpression): FieldError[] {
  if (fault === undefined) return [];
  if (internal) return [{ type: 'InternalError', field: path, message: `Internal error: ${fault}` }];
  return [invalidError(path, source, fault)];
}

/** The variables of one policy, each of which sees those before it. */
export class ExpressionVariables {
  readonly #fields = new Map<string, CelField>();
  #type: CelType | undefined;

  /** Compiles a variable and makes it known to the next expressions, as anything when it does not compile. */
  add(name: string, source: string, scope: Omit<ExpressionScope, 'variables'>): CompiledExpression {
    const compiled = compileExpression(source, { ...scope, variables: this });
    this.#fields.set(name, fieldOf(name, compiled.program ? kept(compiled.program.type) : dynType));
    this.#type = undefined;
    return compiled;
  }

  get type(): CelType {
    if (this.#type === undefined) {
      const fields = [...this.#fields.values()];
      this.#type = objectOf('kubernetes.variables', () => fields);
    }
    return this.#type;
  }
}

function variablesOf(scope: ExpressionScope): CelVariable[] {
  const { params, authorizer, variables, objectType = dynType, paramsType = dynType } = scope;
  const names: CelVariable[] = [
    { name: 'object', type: objectType },
    { name: 'oldObject', type: objectType },
    { name: 'namespaceObject', type: namespaceType() },
    { name: 'request', type: requestType() },
  ];
  if (params) names.push({ name: 'params', type: paramsType });
  if (authorizer)
    names.push(
      { name: 'authorizer', type: hostOf('kubernetes.authorization.Authorizer') },
      { name: 'authorizer.requestResource', type: hostOf('kubernetes.authorization.ResourceCheck') },
    );
  if (variables) names.push({ name: 'variables', type: variables.type });
  return names;
}

/** A type as upstream's Type.String prints it. */
export function typeText({ name, params }: CelType): string {
  return params.length === 0 ? name : `${name}(${params.map(typeText).join(', ')})`;
}

const KEPT: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'int',
  'null',
  'string',
  'timestamp',
  'uint',
]);

/** What the type of a variable tells those who use it: of objects, nothing. Upstream: convertCelTypeToDeclType. */
function kept(type: CelType): CelType {
  if (KEPT.has(type.kind)) return type;
  const [first, second] = type.params;
  if (type.kind === 'list' && first) return listOf(kept(first));
  if (type.kind === 'map' && first && second) return mapOf(kept(first), kept(second));
  return dynType;
}

const object = (name: string, fields: () => Record<string, CelType>): CelType =>
  objectOf(name, () => Object.entries(fields()).map(([field, type]) => fieldOf(field, type)));

let request: CelType | undefined;
let namespace: CelType | undefined;

/** Upstream: BuildRequestType. */
function requestType(): CelType {
  if (request) return request;
  const kind = object('kubernetes.GroupVersionKind', () => ({
    group: stringType,
    version: stringType,
    kind: stringType,
  }));
  const resource = object('kubernetes.GroupVersionResource', () => ({
    group: stringType,
    version: stringType,
    resource: stringType,
  }));
  const userInfo = object('kubernetes.UserInfo', () => ({
    username: stringType,
    uid: stringType,
    groups: listOf(stringType),
    extra: mapOf(stringType, listOf(stringType)),
  }));
  request = object('kubernetes.AdmissionRequest', () => ({
    kind,
    resource,
    subResource: stringType,
    requestKind: kind,
    requestResource: resource,
    requestSubResource: stringType,
    name: stringType,
    namespace: stringType,
    operation: stringType,
    userInfo,
    dryRun: boolType,
    options: dynType,
  }));
  return request;
}

/** Upstream: BuildNamespaceType. */
function namespaceType(): CelType {
  if (namespace) return namespace;
  const texts = mapOf(stringType, stringType);
  const condition = object('kubernetes.NamespaceCondition', () => ({
    status: stringType,
    type: stringType,
    lastTransitionTime: timestampType,
    message: stringType,
    reason: stringType,
  }));
  const metadata = object('kubernetes.NamespaceMetadata', () => ({
    name: stringType,
    generateName: stringType,
    namespace: stringType,
    labels: texts,
    annotations: texts,
    UID: stringType,
    creationTimestamp: timestampType,
    deletionGracePeriodSeconds: intType,
    deletionTimestamp: timestampType,
    generation: intType,
    resourceVersion: stringType,
    finalizers: listOf(stringType),
  }));
  namespace = object('kubernetes.Namespace', () => ({
    metadata,
    spec: object('kubernetes.NamespaceSpec', () => ({ finalizers: listOf(stringType) })),
    status: object('kubernetes.NamespaceStatus', () => ({ conditions: listOf(condition), phase: stringType })),
  }));
  return namespace;
}
