/** The built-in kinds: one value each, their types, and what is derived from the list. */

export {
  type CompiledExpression,
  compileExpression,
  type ExpressionScope,
  ExpressionVariables,
  expressionErrors,
  RESULTS,
  typeIssues,
} from './admissionregistration/v1/expressions.ts';
export { mutatingAdmissionPolicies } from './admissionregistration/v1/mutating-admission-policy.ts';
export { mutatingAdmissionPolicyBindings } from './admissionregistration/v1/mutating-admission-policy-binding.ts';
export { mutatingWebhookConfigurations } from './admissionregistration/v1/mutating-webhook-configuration.ts';
export { validatingAdmissionPolicies } from './admissionregistration/v1/validating-admission-policy.ts';
export { validatingAdmissionPolicyBindings } from './admissionregistration/v1/validating-admission-policy-binding.ts';
export { validatingWebhookConfigurations } from './admissionregistration/v1/validating-webhook-configuration.ts';
export { allKinds } from './all-kinds.ts';
export { type Approval, approvalOf } from './apiextensions/v1/approval.ts';
export { bundleFault } from './apiextensions/v1/conversion-rules.ts';
export { customResourceDefinitions } from './apiextensions/v1/custom-resource-definition.ts';
export { type DefinitionCondition, setDefinitionCondition } from './apiextensions/v1/definition-conditions.ts';
export { apiServices } from './apiregistration/v1/api-service.ts';
export { controllerRevisions } from './apps/v1/controller-revision.ts';
export { daemonSets } from './apps/v1/daemon-set.ts';
export { deployments } from './apps/v1/deployment.ts';
export { replicaSets } from './apps/v1/replica-set.ts';
export { statefulSets } from './apps/v1/stateful-set.ts';
export { selfSubjectReviews } from './authentication/v1/self-subject-review.ts';
export { tokenReviews } from './authentication/v1/token-review.ts';
export { localSubjectAccessReviews } from './authorization/v1/local-subject-access-review.ts';
export { selfSubjectAccessReviews } from './authorization/v1/self-subject-access-review.ts';
export { selfSubjectRulesReviews } from './authorization/v1/self-subject-rules-review.ts';
export { subjectAccessReviews } from './authorization/v1/subject-access-review.ts';
export { horizontalPodAutoscalersV1 } from './autoscaling/v1/horizontal-pod-autoscaler.ts';
export { horizontalPodAutoscalers } from './autoscaling/v2/horizontal-pod-autoscaler.ts';
export { cronJobs } from './batch/v1/cron-job.ts';
export { jobs } from './batch/v1/job.ts';
export { certificateSigningRequests } from './certificates/v1/certificate-signing-request.ts';
export { leases } from './coordination/v1/lease.ts';
export { bindings } from './core/v1/binding.ts';
export { componentStatuses } from './core/v1/component-status.ts';
export { configMaps } from './core/v1/config-map.ts';
export { endpoints } from './core/v1/endpoints.ts';
export { events } from './core/v1/event.ts';
export { limitRanges } from './core/v1/limit-range.ts';
export { namespaces } from './core/v1/namespace.ts';
export { nodes } from './core/v1/node.ts';
export { persistentVolumes } from './core/v1/persistent-volume.ts';
export { persistentVolumeClaims } from './core/v1/persistent-volume-claim/index.ts';
export { pods } from './core/v1/pod/index.ts';
export { podTemplates } from './core/v1/pod-template.ts';
export { type Amounts, amountsOf, podAmounts } from './core/v1/quota/pod-amounts.ts';
export { matchesScopes } from './core/v1/quota/scopes.ts';
export { isCounted, missingAmounts, storageClassOf, usageOf } from './core/v1/quota/usage.ts';
export { replicationControllers } from './core/v1/replication-controller.ts';
export { resourceQuotas } from './core/v1/resource-quota.ts';
export { secrets } from './core/v1/secret.ts';
export { services } from './core/v1/service/index.ts';
export { isHeadless as isHeadlessService, needsClusterIP } from './core/v1/service/ip-families.ts';
export { serviceAccounts } from './core/v1/service-account.ts';
export {
  CLEANUP_FINALIZER,
  type CustomKinds,
  compareVersions,
  conditionIs,
  createCustomKinds,
  customScaleColumns,
  DEFINITION_RECORDS,
  type DefinitionRecord,
  discoveredKinds,
  recordOf,
  storageVersionOf,
} from './custom/index.ts';
export { defineKind, type KindBehaviour } from './define-kind.ts';
export { endpointSlices } from './discovery/v1/endpoint-slice.ts';
export { equalJson } from './equal-json.ts';
export { eventsV1 } from './events/v1/event.ts';
export { flowSchemas } from './flowcontrol/v1/flow-schema.ts';
export { mandatoryLevels, mandatorySchemas } from './flowcontrol/v1/mandatory.ts';
export { priorityLevelConfigurations } from './flowcontrol/v1/priority-level-configuration.ts';
export { groups } from './generated/facts.ts';
export type * from './generated/types/index.ts';
export { internalDiff } from './internal-diff.ts';
export { internalForm } from './internal-form.ts';
export {
  DEFAULT_CLASS_ANNOTATION,
  defaultIngressClass,
  EDGE_CONTROLLER,
  isEdgeIngress,
} from './networking/v1/edge-class.ts';
export { ingresses } from './networking/v1/ingress.ts';
export { ingressClasses } from './networking/v1/ingress-class.ts';
export { ipAddresses } from './networking/v1/ip-address.ts';
export { networkPolicies } from './networking/v1/network-policy.ts';
export { serviceCIDRs } from './networking/v1/service-cidr.ts';
export { runtimeClasses } from './node/v1/runtime-class.ts';
export { podDisruptionBudgets } from './policy/v1/pod-disruption-budget.ts';
export { clusterRoles } from './rbac/v1/cluster-role.ts';
export { clusterRoleBindings } from './rbac/v1/cluster-role-binding.ts';
export { roles } from './rbac/v1/role.ts';
export { roleBindings } from './rbac/v1/role-binding.ts';
export { createKindRegistry } from './registry.ts';
export { deviceClasses } from './resource/v1/device-class.ts';
export { resourceClaims } from './resource/v1/resource-claim.ts';
export { resourceClaimTemplates } from './resource/v1/resource-claim-template.ts';
export { resourceSlices } from './resource/v1/resource-slice.ts';
export { priorityClasses } from './scheduling/v1/priority-class.ts';
export { objectSchema, schemaOfKind, typeNames, typesText } from './schema.ts';
export { type ServiceEndpoint, type ServicePortRef, selectEndpoints } from './service-endpoints.ts';
export { csiDrivers } from './storage/v1/csi-driver.ts';
export { csiNodes } from './storage/v1/csi-node.ts';
export { csiStorageCapacities } from './storage/v1/csi-storage-capacity.ts';
export { storageClasses } from './storage/v1/storage-class.ts';
export { volumeAttachments } from './storage/v1/volume-attachment.ts';
export { volumeAttributesClasses } from './storage/v1/volume-attributes-class.ts';
