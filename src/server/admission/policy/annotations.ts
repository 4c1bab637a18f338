/** What policies write into audit events. Upstream: policy/validating/dispatcher.go. */
import type { ValidatingAdmissionPolicyBinding } from '../../../kinds/index.ts';
import type { AdmissionRequest } from '../../contract.ts';

const MAX_VALUE_BYTES = 10 * 1024;

/** Tells of a validation that failed under a binding with the action Audit. */
export function annotateFailure(
  request: AdmissionRequest,
  { binding, index, message }: { binding: ValidatingAdmissionPolicyBinding; index: number; message: string },
): void {
  const { policyName, validationActions } = binding.spec;
  const failure = {
    message,
    policy: policyName,
    binding: binding.metadata.name,
    expressionIndex: index,
    validationActions,
  };
  request.annotate?.('validation.policy.admission.k8s.io/validation_failure', JSON.stringify([failure]));
}

/** The values of one policy's audit annotations; bindings and parameters may give several for a key. */
export class AnnotationCollector {
  readonly #policy: string;
  readonly #values = new Map<string, Set<string>>();

  constructor(policy: string) {
    this.#policy = policy;
  }

  add(key: string, value: string): void {
    const values = this.#values.get(key);
    const text = shortened(value);
    if (values) values.add(text);
    else this.#values.set(key, new Set([text]));
  }

  publish(request: AdmissionRequest): void {
    for (const [key, values] of this.#values) request.annotate?.(`${this.#policy}/${key}`, [...values].join(', '));
  }
}

function shortened(value: string): string {
  if (value.length <= MAX_VALUE_BYTES / 4) return value;
  const bytes = new TextEncoder().encode(value);
  return bytes.length <= MAX_VALUE_BYTES ? value : new TextDecoder().decode(bytes.subarray(0, MAX_VALUE_BYTES));
}
