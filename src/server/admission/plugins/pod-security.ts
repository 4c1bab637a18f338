/** Holds pods to the pod security level of their namespace. Upstream: pod-security-admission/admission. */
import type { Container, Namespace, Pod, PodSpec } from '../../../kinds/index.ts';
import { invalid } from '../../../machinery/status.ts';
import { CONFIGURATION_RESOURCE } from '../../configuration/document.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../../contract.ts';
import { type Exemptions, podSecurityConfiguration } from '../pod-security/configuration.ts';
import { existingPodWarnings } from '../pod-security/existing-pods.ts';
import {
  isEquivalent,
  isFullyPrivileged,
  isSame,
  type LevelVersion,
  type Policy,
  policyErrors,
  policyOf,
  show,
  statedModes,
  strictness,
  violationOf,
} from '../pod-security/policy.ts';
import { refusal } from '../requests.ts';

interface Template {
  metadata?: Pod['metadata'];
  spec?: PodSpec;
}

/** Where kinds that make pods keep the template. */
const TEMPLATES: Readonly<Record<string, (object: Record<string, never>) => Template | undefined>> = {
  podtemplates: (object) => object.template,
  replicationcontrollers: ofSpec,
  'replicasets.apps': ofSpec,
  'deployments.apps': ofSpec,
  'statefulsets.apps': ofSpec,
  'daemonsets.apps': ofSpec,
  'jobs.batch': ofSpec,
  'cronjobs.batch': (object) =>
    (object.spec as { jobTemplate?: { spec?: { template?: Template } } } | undefined)?.jobTemplate?.spec?.template,
};

function ofSpec(object: Record<string, never>): Template | undefined {
  return (object.spec as { template?: Template } | undefined)?.template;
}

export const podSecurity: AdmissionPlugin = {
  name: 'PodSecurity',
  handles: (request) => isNamespaceWrite(request) || isPodWrite(request) || isWorkloadWrite(request),
  validate(request, context) {
    if (isNamespaceWrite(request)) return checkNamespace(request, context);
    const policy = namespacePolicy(request, context);
    if (policy.isExempt) return annotate(request, 'exempt', 'namespace');
    const { usernames } = exemptionsOf(context);
    if (usernames.includes(request.user.name)) return annotate(request, 'exempt', 'user');
    const isPod = isPodWrite(request);
    if (isPod ? isFullyPrivileged(policy) : strictness(policy.warn) + strictness(policy.audit) === 0) {
      if (isPod) annotate(request, 'enforce-policy', 'privileged:latest');
      return;
    }
    const template = isPod ? (request.object as Pod) : templateOf(request);
    if (!template?.spec) return;
    if (isPod && request.operation === 'UPDATE' && !isSignificant(template.spec, request.oldObject as Pod)) return;
    if (exemptionsOf(context).runtimeClasses.includes(template.spec.runtimeClassName ?? ''))
      return annotate(request, 'exempt', 'runtimeClass');
    evaluate(request, policy, { metadata: template.metadata ?? {}, spec: template.spec });
  },
};

const isWrite = ({ operation }: AdmissionRequest): boolean => operation === 'CREATE' || operation === 'UPDATE';

const isNamespaceWrite = (request: AdmissionRequest): boolean =>
  request.kind.storedAs === 'namespaces' && request.subresource === '' && isWrite(request);

/** Subresources that change what a pod runs. */
const POD_SUBRESOURCES: readonly string[] = ['', 'ephemeralcontainers', 'resize'];

const isPodWrite = (request: AdmissionRequest): boolean =>
  request.kind.storedAs === 'pods' && POD_SUBRESOURCES.includes(request.subresource) && isWrite(request);

const isWorkloadWrite = (request: AdmissionRequest): boolean =>
  request.kind.storedAs in TEMPLATES && request.subresource === '' && isWrite(request);

const templateOf = (request: AdmissionRequest): Template | undefined =>
  TEMPLATES[request.kind.storedAs]?.(request.object as unknown as Record<string, never>);

const exemptionsOf = ({ config }: AdmissionContext): Exemptions => podSecurityConfiguration(config).exemptions;

const isExemptNamespace = (context: AdmissionContext, name: string): boolean =>
  exemptionsOf(context).namespaces.includes(name);

interface NamespacePolicy extends Policy {
  isExempt: boolean;
  /** What is wrong with the labels, for audit. */
  error?: string;
}

function namespacePolicy({ namespace }: AdmissionRequest, context: AdmissionContext): NamespacePolicy {
  const { config } = context;
  const policies = config.derive(
    'pod-security',
    ['namespaces', CONFIGURATION_RESOURCE],
    () => new Map<string, NamespacePolicy>(),
  );
  let policy = policies.get(namespace);
  if (!policy) {
    const labels = config.get<Namespace>('namespaces', '', namespace)?.metadata.labels;
    const errors = policyErrors(labels).map(({ field, message }) => `${field}: ${message}`);
    const text = errors.length > 1 ? `[${errors.join(', ')}]` : errors[0];
    policy = {
      ...policyOf(labels, podSecurityConfiguration(config).defaults),
      isExempt: isExemptNamespace(context, namespace),
      ...(text === undefined ? {} : { error: `Failed to parse policy: ${text}` }),
    };
    policies.set(namespace, policy);
  }
  return policy;
}

function annotate(request: AdmissionRequest, key: string, value: string): void {
  request.annotate?.(`pod-security.kubernetes.io/${key}`, value);
}

/** Throws for pods that violate what is enforced; templates are only warned about. */
function evaluate(
  request: AdmissionRequest,
  { enforce, audit, warn, error }: NamespacePolicy,
  { metadata, spec }: Required<Template>,
): void {
  const isPod = isPodWrite(request);
  if (error !== undefined) annotate(request, 'error', error);
  if (isPod) annotate(request, 'enforce-policy', show(enforce));
  const enforced = isPod ? violationOf(enforce, metadata, spec) : undefined;
  const of = (policy: LevelVersion): string | undefined =>
    isPod && isSame(policy, enforce) ? enforced : violationOf(policy, metadata, spec);
  const audited = request.annotate ? of(audit) : undefined;
  if (audited) annotate(request, 'audit-violations', `would ${audited}`);
  if (enforced) throw refusal(request, enforced.replace('violate', 'violates'));
  const warned = of(warn);
  if (warned) request.warn(`would ${warned}`);
}

/** An update of a running pod matters when it changes what runs. */
function isSignificant(spec: PodSpec, { spec: old = {} }: Pod): boolean {
  const images = (containers: readonly Container[] = []): string =>
    JSON.stringify(containers.map(({ image }) => image));
  if (images(spec.containers) !== images(old.containers)) return true;
  if (images(spec.initContainers) !== images(old.initContainers)) return true;
  return (spec.ephemeralContainers ?? []).some(
    ({ name, image }) => old.ephemeralContainers?.find((one) => one.name === name)?.image !== image,
  );
}

async function checkNamespace(request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  const labels = request.object?.metadata.labels;
  const before = request.oldObject?.metadata.labels;
  checkLabels(request);
  const name = request.object?.metadata.name ?? '';
  const { defaults: base, exemptions } = podSecurityConfiguration(context.config);
  const policy = policyOf(labels, base);
  const { enforce } = policy;
  if (request.operation === 'UPDATE') {
    const old = policyOf(before, base).enforce;
    const isRelaxed = enforce.version === old.version && strictness(enforce) <= strictness(old);
    if (isSame(enforce, old) || strictness(enforce) === 0 || isRelaxed) return;
  }
  if (isExemptNamespace(context, name)) {
    if (isFullyPrivileged(policy) || isEquivalent(policy, base)) return;
    const stated = statedModes(policy, labels);
    request.warn(
      `namespace ${JSON.stringify(name)} is exempt from Pod Security, and the policy (${stated}) will be ignored`,
    );
    return;
  }
  if (request.operation === 'CREATE') return;
  const isExempt = (pod: Pod): boolean => exemptions.runtimeClasses.includes(pod.spec?.runtimeClassName ?? '');
  for (const warning of await existingPodWarnings(context, { namespace: name, enforce, isExempt }))
    request.warn(warning);
}

/** Labels that were wrong before in the same way do not stop other changes. */
function checkLabels({ object, oldObject }: AdmissionRequest): void {
  const errors = policyErrors(object?.metadata.labels);
  if (errors.length === 0) return;
  if (oldObject && JSON.stringify(errors) === JSON.stringify(policyErrors(oldObject.metadata.labels))) return;
  throw invalid({ group: '', kind: 'Namespace' }, object?.metadata.name ?? '', errors);
}
