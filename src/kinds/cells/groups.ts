/** Rows of the kinds outside the core and the workloads. Upstream: printers/internalversion. */
import { formatDuration } from '../../machinery/age.ts';
import type { KubeObject } from '../../machinery/meta.ts';
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
} from '../generated/types/admissionregistration-v1.ts';
import type { APIService } from '../generated/types/apiregistration-v1.ts';
import type { CertificateSigningRequest } from '../generated/types/certificates-v1.ts';
import type { EndpointSlice } from '../generated/types/discovery-v1.ts';
import type { FlowSchema, PriorityLevelConfiguration } from '../generated/types/flowcontrol-v1.ts';
import type { LabelSelector } from '../generated/types/meta-v1.ts';
import type { Ingress, IngressClass, IPAddress } from '../generated/types/networking-v1.ts';
import type { PodDisruptionBudget } from '../generated/types/policy-v1.ts';
import type { RoleBinding } from '../generated/types/rbac-v1.ts';
import type { ResourceClaim } from '../generated/types/resource-v1.ts';
import type { CSIDriver, StorageClass, VolumeAttachment } from '../generated/types/storage-v1.ts';
import { loadBalancerText, MAX_LISTED, shortList } from './core.ts';
import { age, NONE, nameOf, UNSET } from './text.ts';

export function ingressCells(ingress: Ingress, now: number): unknown[] {
  const { spec, status } = ingress;
  const rules = spec.rules ?? [];
  const hosts = rules.slice(0, MAX_LISTED).flatMap(({ host }) => (host ? [host] : []));
  return [
    nameOf(ingress),
    spec.ingressClassName ?? NONE,
    hosts.length === 0 ? '*' : shortList(hosts, rules.length),
    loadBalancerText(status?.loadBalancer),
    spec.tls?.length ? '80, 443' : '80',
    age(ingress, now),
  ];
}

export function ingressClassCells(object: IngressClass, now: number): unknown[] {
  const parameters = object.spec.parameters;
  const text = parameters
    ? `${parameters.kind}${parameters.apiGroup ? `.${parameters.apiGroup}` : ''}/${parameters.name}`
    : NONE;
  return [nameOf(object), object.spec.controller ?? '', text, age(object, now)];
}

/** One more cell than columns: upstream forgot to name the age. */
export function ipAddressCells(object: IPAddress, now: number): unknown[] {
  const { group, resource, namespace, name } = object.spec.parentRef ?? { resource: '', name: '' };
  const parent = `${resource}${group ? `.${group}` : ''}/${namespace ? `${namespace}/` : ''}${name}`;
  return [nameOf(object), parent, age(object, now)];
}

export function endpointSliceCells(slice: EndpointSlice, now: number): unknown[] {
  const ports = (slice.ports ?? []).map(({ port, name }) => (port === undefined ? (name ?? '*') : String(port)));
  const addresses = (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses ?? []);
  return [
    nameOf(slice),
    slice.addressType,
    ports.length === 0 ? UNSET : shortList(ports),
    addresses.length === 0 ? UNSET : shortList(addresses),
    age(slice, now),
  ];
}

export function roleBindingCells(
  binding: Pick<RoleBinding, 'metadata' | 'roleRef' | 'subjects'>,
  now: number,
): unknown[] {
  const names = (kind: string): string =>
    (binding.subjects ?? [])
      .filter((subject) => subject.kind === kind)
      .map((subject) => (kind === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name))
      .join(', ');
  const object = binding as KubeObject;
  return [
    nameOf(object),
    `${binding.roleRef.kind}/${binding.roleRef.name}`,
    age(object, now),
    names('User'),
    names('Group'),
    names('ServiceAccount'),
  ];
}

export const podDisruptionBudgetCells = (budget: PodDisruptionBudget, now: number): unknown[] => [
  nameOf(budget),
  String(budget.spec.minAvailable ?? 'N/A'),
  String(budget.spec.maxUnavailable ?? 'N/A'),
  budget.status?.disruptionsAllowed ?? 0,
  age(budget, now),
];

export function certificateSigningRequestCells(request: CertificateSigningRequest, now: number): unknown[] {
  const { spec, status } = request;
  const has = (type: string): boolean => status?.conditions?.some((condition) => condition.type === type) ?? false;
  let state = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  if (has('Failed')) state += ',Failed';
  if (status?.certificate) state += ',Issued';
  const duration = spec.expirationSeconds === undefined ? NONE : formatDuration(spec.expirationSeconds * 1000);
  return [nameOf(request), age(request, now), spec.signerName, spec.username ?? '', duration, state];
}

export function apiServiceCells(object: APIService, now: number): unknown[] {
  const { service } = object.spec;
  const available = object.status?.conditions?.find((condition) => condition.type === 'Available');
  let state = 'Unknown';
  if (available) state = available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`;
  return [
    nameOf(object),
    service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local',
    state,
    age(object, now),
  ];
}

export const csiDriverCells = (driver: CSIDriver, now: number): unknown[] => [
  nameOf(driver),
  driver.spec.attachRequired ?? true,
  driver.spec.podInfoOnMount ?? false,
  driver.spec.storageCapacity ?? false,
  driver.spec.tokenRequests?.length ? driver.spec.tokenRequests.map((request) => request.audience).join(',') : UNSET,
  driver.spec.requiresRepublish ?? false,
  driver.spec.volumeLifecycleModes?.length ? driver.spec.volumeLifecycleModes.join(',') : UNSET,
  age(driver, now),
];

export function storageClassCells(object: StorageClass, now: number): unknown[] {
  const isDefault = [
    'storageclass.kubernetes.io/is-default-class',
    'storageclass.beta.kubernetes.io/is-default-class',
  ].some((key) => object.metadata.annotations?.[key] === 'true');
  return [
    isDefault ? `${nameOf(object)} (default)` : nameOf(object),
    object.provisioner,
    object.reclaimPolicy ?? 'Delete',
    object.volumeBindingMode ?? 'Immediate',
    object.allowVolumeExpansion ?? false,
    age(object, now),
  ];
}

export const volumeAttachmentCells = (object: VolumeAttachment, now: number): unknown[] => [
  nameOf(object),
  object.spec.attacher,
  object.spec.source?.persistentVolumeName ?? '',
  object.spec.nodeName,
  object.status?.attached ?? false,
  age(object, now),
];

type Policy = MutatingAdmissionPolicy | ValidatingAdmissionPolicy;

export function admissionPolicyCells(policy: Policy, count: number, now: number): unknown[] {
  const { paramKind } = policy.spec;
  return [
    nameOf(policy),
    count,
    paramKind ? `${paramKind.apiVersion ?? ''}/${paramKind.kind ?? ''}` : UNSET,
    age(policy, now),
  ];
}

export function admissionPolicyBindingCells(
  { spec, ...binding }: MutatingAdmissionPolicyBinding,
  now: number,
): unknown[] {
  const { paramRef } = spec;
  return [nameOf(binding), spec.policyName ?? '', paramText(paramRef), age(binding, now)];
}

/** Parameters that are named without a namespace may be of the cluster or of any namespace. */
function paramText(param: MutatingAdmissionPolicyBinding['spec']['paramRef']): string {
  if (param?.name) return `${param.namespace || '*'}/${param.name}`;
  return param?.selector ? goSelector(param.selector) : UNSET;
}

/** A selector as Go prints the struct. */
function goSelector({ matchLabels, matchExpressions }: LabelSelector): string {
  const labels = Object.keys(matchLabels ?? {}).sort();
  const requirements = (matchExpressions ?? []).map(
    ({ key, operator, values }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${(values ?? []).join(' ')}],},`,
  );
  const pairs = labels.map((label) => `${label}: ${matchLabels?.[label]},`);
  return `&LabelSelector{MatchLabels:map[string]string{${pairs.join('')}},MatchExpressions:[]LabelSelectorRequirement{${requirements.join('')}},}`;
}

export function resourceClaimState(claim: ResourceClaim): string {
  const states = claim.metadata.deletionTimestamp === undefined ? [] : ['deleted'];
  if (claim.status?.allocation === undefined) {
    if (states.length === 0) states.push('pending');
  } else {
    states.push('allocated');
    if (claim.status.reservedFor?.length) states.push('reserved');
  }
  return states.join(',');
}

export const flowSchemaCells = (schema: FlowSchema, now: number): unknown[] => [
  nameOf(schema),
  schema.spec.priorityLevelConfiguration?.name ?? '',
  schema.spec.matchingPrecedence ?? 0,
  schema.spec.distinguisherMethod?.type ?? NONE,
  age(schema, now),
  schema.status?.conditions?.find((condition) => condition.type === 'Dangling')?.status ?? '?',
];

export function priorityLevelCells(level: PriorityLevelConfiguration, now: number): unknown[] {
  const { type, limited } = level.spec;
  const queuing = limited?.limitResponse?.queuing;
  return [
    nameOf(level),
    type,
    limited?.nominalConcurrencyShares ?? NONE,
    queuing?.queues ?? NONE,
    queuing?.handSize ?? NONE,
    queuing?.queueLengthLimit ?? NONE,
    age(level, now),
  ];
}
