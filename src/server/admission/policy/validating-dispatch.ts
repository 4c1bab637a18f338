/** Puts a request to the validating policies in force. Upstream: policy/validating/dispatcher.go. */
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../../kinds/index.ts';
import type { Kind } from '../../../machinery/kind.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import { type VersionedRequest, versionedRequest } from '../expressions/index.ts';
import type { ResourceForm } from '../match/index.ts';
import { refusal } from '../requests.ts';
import { AnnotationCollector, annotateFailure } from './annotations.ts';
import type { PolicyDecision, ValidateResult } from './decision.ts';
import { type Asked, activationOf, askedOf, conditionActivationOf, configured, namespaceSeen } from './invocation.ts';
import { ConfigurationError, type Param, paramCacheOf, paramKindOf, paramsFor } from './params.ts';
import { bindingMatches, buildPolicySet, type Candidate, type PolicySet, policyForm } from './policy-set.ts';
import { compileValidatingPolicy, evaluateValidatingPolicy } from './validating-policy.ts';

const RESOURCES = {
  policies: 'validatingadmissionpolicies.admissionregistration.k8s.io',
  bindings: 'validatingadmissionpolicybindings.admissionregistration.k8s.io',
};

type Policy = ValidatingAdmissionPolicy;
type Binding = ValidatingAdmissionPolicyBinding;

interface Denial extends PolicyDecision {
  readonly policy: Policy;
  readonly binding: Binding | undefined;
}

const policiesOf = ({ config }: AdmissionContext): PolicySet<Policy, Binding> =>
  config.derive('validating-policies', Object.values(RESOURCES), (snapshot) =>
    buildPolicySet<Policy, Binding>(snapshot, RESOURCES),
  );

/** Throws a StatusError when a policy denies the request. */
export async function validateByPolicies(request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  paramCacheOf(context).noteWrite(request, context.clock.now());
  const candidates = policiesOf(context).of(request, context);
  if (candidates.length === 0) return;
  const asked = askedOf(request, context);
  const denials: Denial[] = [];
  for (const candidate of candidates) await new Dispatch(asked, candidate, denials).run();
  const [first] = denials;
  if (first) throw denied(request, first);
}

/** One policy on its way through its bindings. */
class Dispatch {
  readonly #asked: Asked;
  readonly #candidate: Candidate<Policy, Binding>;
  readonly #denials: Denial[];
  readonly #annotations: AnnotationCollector;
  #versioned: VersionedRequest | undefined;

  constructor(asked: Asked, candidate: Candidate<Policy, Binding>, denials: Denial[]) {
    this.#asked = asked;
    this.#candidate = candidate;
    this.#denials = denials;
    this.#annotations = new AnnotationCollector(candidate.hook.policy.metadata.name ?? '');
  }

  async run(): Promise<void> {
    const { policy } = this.#candidate.hook;
    const matched = await this.#configured(undefined, async () => {
      const form = await policyForm(this.#candidate, this.#asked);
      const { paramKind } = policy.spec;
      return form && { form, kind: paramKind && (await paramKindOf(paramKind, this.#asked.context)) };
    });
    if (!matched) return;
    for (const { bound, ...rules } of this.#candidate.bindings) {
      const { binding } = bound;
      const ready = await this.#configured(binding, async () =>
        (await bindingMatches({ bound, ...rules }, this.#asked)) ? this.#prepare(binding, matched) : undefined,
      );
      if (!ready) continue;
      for (const result of await this.#evaluate(ready)) this.#take(result, binding, ready.versioned);
    }
    this.#annotations.publish(this.#asked.request);
  }

  /** What is wrong with the configuration denies the request, unless failures are ignored. */
  #configured<T>(binding: Binding | undefined, step: () => Promise<T>): Promise<T | undefined> {
    const { policy } = this.#candidate.hook;
    return configured(binding ? 'binding' : 'policy', step, (message) => {
      if (policy.spec.failurePolicy !== 'Ignore') this.#denials.push({ policy, binding, denies: true, message });
    });
  }

  async #prepare(binding: Binding, { form, kind }: { form: ResourceForm; kind: Kind | undefined }) {
    const { request, context } = this.#asked;
    const params = await paramsFor(kind, binding.spec.paramRef, this.#asked);
    if (params.length === 0) return undefined;
    try {
      this.#versioned ??= await versionedRequest(request, form, context);
    } catch (error) {
      throw new ConfigurationError(`failed to convert object version: ${(error as Error).message}`);
    }
    return { params, versioned: this.#versioned };
  }

  async #evaluate({ params, versioned }: { params: readonly Param[]; versioned: VersionedRequest }) {
    const compiled = compileValidatingPolicy(this.#candidate.hook.policy);
    const { variables } = compiled;
    const namespace = await namespaceSeen(this.#asked);
    const results: ValidateResult[] = [];
    for (const param of params) {
      const invocation = { asked: this.#asked, versioned, namespace, params: param, variables };
      const result = await evaluateValidatingPolicy(compiled, {
        conditions: () => conditionActivationOf(invocation),
        validations: () => activationOf(invocation),
        annotations: () => activationOf(invocation),
      });
      results.push(result);
    }
    return results;
  }

  #take({ decisions, annotations }: ValidateResult, binding: Binding, { request }: VersionedRequest): void {
    const { policy } = this.#candidate.hook;
    for (const [index, decision] of decisions.entries()) {
      if (!decision.denies) continue;
      for (const action of binding.spec.validationActions) {
        if (action === 'Deny') this.#denials.push({ ...decision, policy, binding });
        else if (action === 'Audit') annotateFailure(request, { binding, index, message: decision.message });
        else request.warn(`Validation failed for ${nameOf(policy, binding)}: ${decision.message}`);
      }
    }
    for (const annotation of annotations) {
      if (annotation.action === 'publish') this.#annotations.add(annotation.key, annotation.value);
      else if (annotation.action === 'error')
        this.#denials.push({ policy, binding, denies: true, message: annotation.error });
    }
  }
}

function nameOf(policy: Policy, binding: Binding | undefined): string {
  const name = `ValidatingAdmissionPolicy '${policy.metadata.name}'`;
  return binding ? `${name} with binding '${binding.metadata.name}'` : name;
}

const CODES: Readonly<Record<string, number>> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413 };

function denied(request: AdmissionRequest, { policy, binding, message, reason = 'Invalid' }: Denial): StatusError {
  const text = `${nameOf(policy, binding)} denied request: ${message}`;
  const forbidden = refusal(request, text);
  const details = { ...forbidden.status.details, causes: [{ message: text }] };
  return new StatusError(CODES[reason] ?? 422, reason, forbidden.message, details);
}
