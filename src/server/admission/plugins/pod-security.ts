/** Holds pods to the pod security level of their namespace. Upstream: pod-security-admission/admission. */
import type { Namespace, Pod, PodSpec } from '../../../kinds/index.ts';
import { invalid } from '../../../machinery/status.ts';
import type { AdmissionContext, AdmissionPlugin, AdmissionRequest } from '../../contract.ts';
import { type Policy, policyErrors, policyOf, violationOf } from '../pod-security/policy.ts';
import { isPod, refusal } from '../requests.ts';

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
    if (isNamespaceWrite(request)) return checkLabels(request);
    const policy = namespacePolicy(request, context);
    if (policy.enforce.level === 'privileged' && policy.warn.level === 'privileged') return;
    if (isPodWrite(request)) return checkPod(request, policy);
    const template = TEMPLATES[request.kind.storedAs]?.(request.object as unknown as Record<string, never>);
    if (!template?.spec) return;
    const violation = violationOf(policy.warn, template.metadata ?? {}, template.spec);
    if (violation) request.warn(`would ${violation}`);
  },
};

const isWrite = ({ operation }: AdmissionRequest): boolean => operation === 'CREATE' || operation === 'UPDATE';

const isNamespaceWrite = (request: AdmissionRequest): boolean =>
  request.kind.storedAs === 'namespaces' && request.subresource === '' && isWrite(request);

const isPodWrite = (request: AdmissionRequest): boolean =>
  isPod(request, 'CREATE', 'UPDATE') ||
  (request.subresource === 'ephemeralcontainers' && isPod({ ...request, subresource: '' }, 'UPDATE'));

const isWorkloadWrite = (request: AdmissionRequest): boolean =>
  request.kind.storedAs in TEMPLATES && request.subresource === '' && isWrite(request);

function namespacePolicy({ namespace }: AdmissionRequest, { config }: AdmissionContext): Policy {
  const policies = config.derive('pod-security', ['namespaces'], () => new Map<string, Policy>());
  let policy = policies.get(namespace);
  if (!policy) {
    policy = policyOf(config.get<Namespace>('namespaces', '', namespace)?.metadata.labels);
    policies.set(namespace, policy);
  }
  return policy;
}

function checkPod(request: AdmissionRequest, { enforce, warn }: Policy): void {
  const pod = request.object as unknown as Pod;
  if (request.operation === 'UPDATE' && !isSignificant(pod, request.oldObject as unknown as Pod)) return;
  const violation = violationOf(enforce, pod.metadata, pod.spec ?? {});
  if (violation) throw refusal(request, violation.replace('violate', 'violates'));
  if (warn.level === enforce.level && warn.version === enforce.version) return;
  const warning = violationOf(warn, pod.metadata, pod.spec ?? {});
  if (warning) request.warn(`would ${warning}`);
}

/** An update of a running pod matters when it changes what runs. */
function isSignificant(pod: Pod, old: Pod): boolean {
  const images = ({ spec }: Pod): string =>
    JSON.stringify([...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map(({ image }) => image));
  const ephemeral = ({ spec }: Pod): string => JSON.stringify(spec?.ephemeralContainers ?? []);
  const profiles = ({ metadata }: Pod): string =>
    JSON.stringify(
      Object.entries(metadata.annotations ?? {})
        .filter(([key]) => /apparmor|seccomp/.test(key))
        .sort(),
    );
  return images(pod) !== images(old) || ephemeral(pod) !== ephemeral(old) || profiles(pod) !== profiles(old);
}

function checkLabels(request: AdmissionRequest): void {
  const { object, oldObject } = request;
  const errors = policyErrors(object?.metadata.labels);
  if (errors.length === 0) return;
  // Labels that were wrong before do not stop other changes.
  const before = new Set(policyErrors(oldObject?.metadata.labels).map((error) => error.field + error.message));
  if (oldObject && errors.every((error) => before.has(error.field + error.message))) return;
  throw invalid({ group: '', kind: 'Namespace' }, object?.metadata.name ?? '', errors);
}
