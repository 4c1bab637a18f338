/** Puts a request to the mutating policies in force. Upstream: policy/generic/policy_dispatcher.go, policy/mutating/dispatcher.go. */
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '../../../kinds/index.ts';
import { deepEqual } from '../../../machinery/apply/index.ts';
import { copyJson } from '../../../machinery/copy-json.ts';
import type { JsonObject, KubeObject } from '../../../machinery/meta.ts';
import { StatusError } from '../../../machinery/status.ts';
import type { AdmissionContext, AdmissionRequest } from '../../contract.ts';
import {
  matchConditions,
  OutOfBudgetError,
  type VersionedRequest,
  versionedRequest,
  writeBack,
} from '../expressions/index.ts';
import type { ResourceForm } from '../match/index.ts';
import { refusal } from '../requests.ts';
import { MutationError } from './apply-configuration.ts';
import {
  type Asked,
  activationOf,
  askedOf,
  conditionActivationOf,
  configured,
  type Invocation,
  namespaceSeen,
} from './invocation.ts';
import { type CompiledMutatingPolicy, type CompiledMutation, compileMutatingPolicy } from './mutating-policy.ts';
import { decodeMutated, schemaOfForm } from './object-kind.ts';
import { type Param, paramKindOf, paramsFor } from './params.ts';
import { applyMutation } from './patches.ts';
import { bindingMatches, buildPolicySet, type Candidate, type PolicySet, policyForm } from './policy-set.ts';
import { PolicyReinvocation } from './reinvocation.ts';

const RESOURCES = {
  policies: 'mutatingadmissionpolicies.admissionregistration.k8s.io',
  bindings: 'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
};

type Policy = MutatingAdmissionPolicy;
type Binding = MutatingAdmissionPolicyBinding;

const policiesOf = ({ config }: AdmissionContext): PolicySet<Policy, Binding> =>
  config.derive('mutating-policies', Object.values(RESOURCES), (snapshot) =>
    buildPolicySet<Policy, Binding>(snapshot, RESOURCES),
  );

/** A policy that is to change the object, under one binding and with one parameter. */
interface Due {
  readonly policy: Policy;
  readonly binding: Binding;
  readonly form: ResourceForm;
  readonly params: Param;
}

interface Failure {
  readonly policy: Policy;
  readonly binding: Binding | undefined;
  readonly message: string;
  /** Of the answer; Forbidden unless given. */
  readonly reason?: string;
}

/** Changes the object of the request as policies say. Throws a StatusError when one fails. */
export async function mutateByPolicies(request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  const candidates = policiesOf(context).of(request, context);
  if (candidates.length === 0) return;
  const asked = askedOf(request, context);
  const failures: Failure[] = [];
  const due: Due[] = [];
  for (const candidate of candidates) due.push(...(await duePolicies(candidate, asked, failures)));
  if (due.length > 0) await new Run(asked, failures).mutate(due);
  const counted = failures.filter(({ policy }) => policy.spec.failurePolicy !== 'Ignore');
  if (counted.length > 0) throw failed(request, counted);
}

/** The policy under each binding and with each parameter that concerns the request. */
async function duePolicies(candidate: Candidate<Policy, Binding>, asked: Asked, failures: Failure[]): Promise<Due[]> {
  const { policy } = candidate.hook;
  const check = <T>(binding: Binding | undefined, step: () => Promise<T>): Promise<T | undefined> =>
    configured(binding ? 'binding' : 'policy', step, (message) => void failures.push({ policy, binding, message }));
  const { paramKind } = policy.spec;
  const matched = await check(undefined, async () => {
    const form = await policyForm(candidate, asked);
    return form && { form, kind: paramKind && (await paramKindOf(paramKind, asked.context)) };
  });
  if (!matched) return [];
  const due: Due[] = [];
  for (const { bound, ...rules } of candidate.bindings) {
    const { binding } = bound;
    const params = await check(binding, async () =>
      (await bindingMatches({ bound, ...rules }, asked)) ? paramsFor(matched.kind, binding.spec.paramRef, asked) : [],
    );
    for (const param of params ?? []) due.push({ policy, binding, form: matched.form, params: param });
  }
  return due;
}

/** All mutations of one run of the chain, one after the other, each on what the former left. */
class Run {
  readonly #asked: Asked;
  readonly #failures: Failure[];
  readonly #reinvocation: PolicyReinvocation;
  #versioned: VersionedRequest | undefined;
  #dirty = false;

  constructor(asked: Asked, failures: Failure[]) {
    this.#asked = asked;
    this.#failures = failures;
    this.#reinvocation = PolicyReinvocation.of(asked.context.reinvocation);
  }

  async mutate(due: readonly Due[]): Promise<void> {
    const { request } = this.#asked;
    this.#reinvocation.begin(request.object);
    try {
      const namespace = await namespaceSeen(this.#asked);
      for (const one of due) await this.#invoke(one, namespace);
      if (this.#dirty) this.#reinvocation.changed();
      await this.#writeBack();
    } finally {
      this.#reinvocation.end(request.object);
    }
  }

  async #invoke(due: Due, namespace: KubeObject | undefined): Promise<void> {
    const compiled = compileMutatingPolicy(due.policy);
    const versioned = await this.#inForm(due);
    if (!versioned) return;
    const { params } = due;
    const invocation = { asked: this.#asked, versioned, namespace, params, variables: compiled.variables };
    if (!(await this.#isConcerned(due, compiled, invocation))) return;
    const key = keyOf(due);
    if (!this.#reinvocation.isDue(key)) return;
    const before = versioned.object;
    for (const mutation of compiled.mutations) {
      if (versioned.object !== null) await this.#apply(mutation, due, invocation);
    }
    if (!deepEqual(before, versioned.object)) this.#reinvocation.changed();
    if (due.policy.spec.reinvocationPolicy === 'IfNeeded') this.#reinvocation.ran(key);
  }

  async #isConcerned(
    { policy, binding }: Due,
    { conditions, failurePolicy }: CompiledMutatingPolicy,
    invocation: Invocation,
  ): Promise<boolean> {
    if (conditions.length === 0) return true;
    const result = await matchConditions(conditions, conditionActivationOf(invocation), failurePolicy);
    if (result.error !== undefined) this.#failures.push({ policy, binding, message: result.error, reason: 'Invalid' });
    return result.matches;
  }

  async #apply(mutation: CompiledMutation, { policy, binding, form }: Due, invocation: Invocation): Promise<void> {
    const { versioned } = invocation;
    try {
      const patched = await applyMutation(mutation, versioned.object as JsonObject, {
        activation: activationOf(invocation),
        form,
        schema: schemaOfForm(form),
      });
      const strict = mutation.type === 'jsonPatch';
      versioned.object = decodeMutated(patched, form, { strict }) as JsonObject;
      this.#dirty = true;
    } catch (error) {
      if (!(error instanceof MutationError || error instanceof OutOfBudgetError)) throw error;
      this.#failures.push({ policy, binding, message: error.message, reason: 'Invalid' });
    }
  }

  /** The request in the form that a policy matched; what was changed in another one is carried over. */
  async #inForm({ policy, form }: Due): Promise<VersionedRequest | undefined> {
    if (this.#versioned && sameForm(this.#versioned.form, form)) return this.#versioned;
    await this.#writeBack();
    try {
      this.#versioned = await versionedRequest(this.#asked.request, form, this.#asked.context);
      return this.#versioned;
    } catch (error) {
      const message = `failed to configure policy: ${(error as Error).message}`;
      this.#failures.push({ policy, binding: undefined, message });
      return undefined;
    }
  }

  async #writeBack(): Promise<void> {
    const versioned = this.#versioned;
    if (!versioned || !this.#dirty || versioned.object === null) return;
    const object = copyJson(versioned.object) as KubeObject;
    await writeBack(versioned, object, this.#asked.context);
  }
}

const sameForm = (a: ResourceForm, b: ResourceForm): boolean =>
  a.group === b.group && a.version === b.version && a.resource === b.resource;

function keyOf({ policy, binding, params }: Due): string {
  const param = params as { metadata?: { namespace?: string; name?: string } } | null;
  const { namespace = '', name = '' } = param?.metadata ?? {};
  return JSON.stringify([policy.metadata.name, binding.metadata.name, namespace, name]);
}

function failed(request: AdmissionRequest, failures: readonly Failure[]): StatusError {
  const messages = failures.map(({ policy, binding, message }) =>
    binding
      ? `policy '${policy.metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`
      : `policy "${policy.metadata.name}" denied request: ${message}`,
  );
  const { details } = refusal(request, '').status;
  const causes = messages.map((message) => ({ message }));
  return new StatusError(403, failures[0]?.reason ?? 'Forbidden', messages[0] ?? '', { ...details, causes });
}
