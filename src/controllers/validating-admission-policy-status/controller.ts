import { type ValidatingAdmissionPolicy, validatingAdmissionPolicies } from '../../kinds/index.ts';
import { applyOrThrow } from '../runtime/apply-plan.ts';
import { keyOfObject, parseKey } from '../runtime/change.ts';
import { defineController, type ReconcileContext } from '../runtime/define-controller.ts';
import { KindTypes, typesToCheck } from './kind-types.ts';
import { checkTypes, planStatus } from './plan.ts';

/**
 * Tells in the status of validating policies which expressions do not fit the types that they are about.
 * Upstream: pkg/controller/validatingadmissionpolicystatus.
 */
export const validatingAdmissionPolicyStatusController = defineController({
  name: 'validatingadmissionpolicy-status-controller',
  watches: [{ kind: validatingAdmissionPolicies, keys: keyOfObject }],
  permissions: [
    {
      groups: ['admissionregistration.k8s.io'],
      resources: ['validatingadmissionpolicies'],
      verbs: ['get', 'list', 'watch'],
    },
    {
      groups: ['admissionregistration.k8s.io'],
      resources: ['validatingadmissionpolicies/status'],
      verbs: ['get', 'patch', 'update'],
    },
  ],
  reconcile,
});

async function reconcile(key: string, context: ReconcileContext): Promise<undefined> {
  const { client } = context;
  const policy = await client.find<ValidatingAdmissionPolicy>(validatingAdmissionPolicies, parseKey(key));
  if (!policy || (policy.metadata.generation ?? 0) <= (policy.status?.observedGeneration ?? 0)) return;
  const types = new KindTypes(client);
  const { paramKind } = policy.spec;
  const params = paramKind && (await types.ofKind(paramKind.apiVersion ?? '', paramKind.kind ?? ''));
  const warnings = checkTypes({ policy, kinds: await typesToCheck(policy, types), params });
  await applyOrThrow(planStatus(policy, warnings), context);
}
