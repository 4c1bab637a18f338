/** One validating policy, compiled, and what it says of a request. Upstream: policy/validating/{plugin,validator}.go. */
import {
  type CompiledExpression,
  compileExpression,
  type ExpressionScope,
  RESULTS,
  type ValidatingAdmissionPolicy,
} from '../../../kinds/index.ts';
import type { Activation, CompiledVariables, Evaluation } from '../expressions/index.ts';
import { compileConditions, compileVariables, matchConditions, OutOfBudgetError } from '../expressions/index.ts';
import type { AnnotationDecision, PolicyDecision, ValidateResult } from './decision.ts';

interface CompiledValidation {
  readonly expression: CompiledExpression;
  readonly messageExpression: CompiledExpression | undefined;
  readonly message: string;
  readonly reason: string | undefined;
}

interface CompiledAnnotation {
  readonly key: string;
  readonly expression: CompiledExpression;
}

export interface CompiledValidatingPolicy {
  readonly failurePolicy: string;
  readonly conditions: readonly CompiledExpression[];
  readonly variables: CompiledVariables;
  readonly validations: readonly CompiledValidation[];
  readonly annotations: readonly CompiledAnnotation[];
}

const compiled = new WeakMap<object, CompiledValidatingPolicy>();

/** The policy compiled; once for each of its revisions. */
export function compileValidatingPolicy(policy: ValidatingAdmissionPolicy): CompiledValidatingPolicy {
  let known = compiled.get(policy);
  if (!known) {
    known = compile(policy);
    compiled.set(policy, known);
  }
  return known;
}

function compile({ spec }: ValidatingAdmissionPolicy): CompiledValidatingPolicy {
  const base = { params: spec.paramKind !== undefined, authorizer: true };
  const { scope, variables } = compileVariables(spec.variables ?? [], base);
  return {
    failurePolicy: spec.failurePolicy ?? 'Fail',
    conditions: compileConditions(spec.matchConditions ?? [], scope),
    variables,
    validations: (spec.validations ?? []).map(({ expression, messageExpression, message, reason }) => ({
      expression: compileExpression(expression, scope, RESULTS.condition),
      messageExpression: messageExpression ? compileMessage(messageExpression, scope) : undefined,
      message: message ?? '',
      reason,
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: compileExpression(valueExpression, scope, RESULTS.annotation),
    })),
  };
}

const compileMessage = (source: string, scope: ExpressionScope): CompiledExpression =>
  compileExpression(source, { ...scope, authorizer: false }, RESULTS.message);

/** Starts evaluations with a budget of their own. */
export interface Activations {
  conditions(): Activation;
  validations(): Activation;
  annotations(): Activation;
}

/** What a policy says of one request with one parameter. */
export async function evaluateValidatingPolicy(
  policy: CompiledValidatingPolicy,
  activations: Activations,
): Promise<ValidateResult> {
  const { failurePolicy } = policy;
  if (policy.conditions.length > 0) {
    const { matches, error } = await matchConditions(policy.conditions, activations.conditions(), failurePolicy);
    if (error !== undefined) return onlyError(error, failurePolicy);
    if (!matches) return { decisions: [], annotations: [] };
  }
  try {
    const decisions = await decide(policy, activations.validations());
    const annotations = policy.annotations.length === 0 ? [] : await annotate(policy, activations.annotations());
    return { decisions, annotations };
  } catch (error) {
    if (error instanceof OutOfBudgetError) return onlyError(error.message, failurePolicy);
    throw error;
  }
}

const onlyError = (message: string, failurePolicy: string): ValidateResult => ({
  decisions: [{ denies: failurePolicy !== 'Ignore', message }],
  annotations: [],
});

/** All expressions run before all messages, on one budget. */
async function decide(policy: CompiledValidatingPolicy, activation: Activation): Promise<PolicyDecision[]> {
  const results: Evaluation[] = [];
  for (const { expression } of policy.validations) results.push(await activation.evaluate(expression));
  const messages: (Evaluation | undefined)[] = [];
  let fault: string | undefined;
  try {
    for (const { messageExpression } of policy.validations)
      messages.push(messageExpression && (await activation.evaluate(messageExpression)));
  } catch (error) {
    if (!(error instanceof OutOfBudgetError)) throw error;
    fault = `failed messageExpression: ${error.message}`;
  }
  const errorDenies = policy.failurePolicy !== 'Ignore';
  return policy.validations.map((validation, index) => {
    const result = results[index] as Evaluation;
    if (result.error !== undefined) return { denies: errorDenies, message: result.error };
    if (fault !== undefined) return { denies: errorDenies, message: fault };
    if (result.value === true) return { denies: false, message: '' };
    return {
      denies: true,
      message: messageOf(validation, messages[index]),
      reason: validation.reason ?? 'Invalid',
    };
  });
}

/** Longer messages of expressions are not used. */
const MAX_MESSAGE_BYTES = 5 * 1024;

function messageOf({ message, expression }: CompiledValidation, evaluated: Evaluation | undefined): string {
  if (evaluated && evaluated.error === undefined && typeof evaluated.value === 'string') {
    const text = evaluated.value.trim();
    if (text !== '' && !text.includes('\n') && new TextEncoder().encode(text).length <= MAX_MESSAGE_BYTES) return text;
  }
  return message.trim() || `failed expression: ${expression.source.trim()}`;
}

async function annotate(
  { annotations, failurePolicy }: CompiledValidatingPolicy,
  activation: Activation,
): Promise<AnnotationDecision[]> {
  const decisions: AnnotationDecision[] = [];
  for (const { key, expression } of annotations)
    decisions.push(annotationOf(key, await activation.evaluate(expression), { expression, failurePolicy }));
  return decisions;
}

function annotationOf(
  key: string,
  evaluation: Evaluation,
  { expression, failurePolicy }: { expression: CompiledExpression; failurePolicy: string },
): AnnotationDecision {
  const { error } = evaluation;
  if (error !== undefined) return failurePolicy === 'Ignore' ? { action: 'exclude' } : { action: 'error', error };
  const { value } = evaluation;
  if (value === null) return { action: 'exclude' };
  if (typeof value === 'string') {
    const text = value.trim();
    return text === '' ? { action: 'exclude' } : { action: 'publish', key, value: text };
  }
  const why = `valueExpression '${expression.source}' resulted in unsupported return type. Return type must be either string or null.`;
  return { action: 'error', error: why };
}
