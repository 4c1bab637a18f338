/** The status of a pod. Upstream: core/validation ValidatePodStatusUpdate. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  ipAddress,
  isIP,
  isIPv6,
  notSupportedError,
  qualifiedName,
  requiredError,
  tooLongError,
  userId,
} from '../../../../machinery/validation/index.ts';
import type { Container, ContainerStatus, Pod, PodSpec } from '../../../generated/types/core-v1.ts';
import { validateAnnotationUpdates } from './validate.ts';

const SYSTEM_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized']);
/** Bytes. */
const MAX_HEALTH_MESSAGE = 1024;
const HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];
const STATUSES = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

export function validatePodStatus(pod: Pod, old: Pod): FieldError[] {
  const errors = validateAnnotationUpdates(pod, old);
  const { status = {}, spec } = pod;
  const before = old.status ?? {};
  for (const [index, { type, observedGeneration }] of (status.conditions ?? []).entries()) {
    errors.push(...validateGeneration(observedGeneration, `status.conditions[${index}].observedGeneration`));
    if (!SYSTEM_CONDITIONS.has(type))
      errors.push(...invalidErrors(`status.conditions[${index}].Type`, type, qualifiedName(type)));
  }
  const nominated = status.nominatedNodeName;
  if (nominated && nominated !== before.nominatedNodeName)
    errors.push(
      ...invalidErrors('status.nominatedNodeName', nominated, dns1123Subdomain(nominated)),
      ...(old.spec.nodeName
        ? [forbiddenError('status.nominatedNodeName', 'may not be set on pods that are already bound to a node')]
        : []),
    );
  errors.push(...validateGeneration(status.observedGeneration, 'status.observedGeneration'));
  if (before.qosClass !== undefined && status.qosClass !== before.qosClass)
    errors.push(invalidError('status.qosClass', status.qosClass ?? '', 'field is immutable'));
  for (const field of STATUSES) errors.push(...validateTransitions(pod, old, field));
  errors.push(
    ...validateClaimStatuses(pod),
    ...validateExtendedClaim(pod),
    ...validateAddresses(status.podIPs ?? [], 'status.podIPs'),
  );
  errors.push(...validateHostAddresses(pod));
  for (const field of STATUSES) errors.push(...validateUsers(status[field] ?? [], `status.${field}`, spec.os?.name));
  errors.push(
    ...validateDevices(status.containerStatuses ?? [], 'status.containerStatuses', spec.containers ?? []),
    ...validateDevices(status.initContainerStatuses ?? [], 'status.initContainerStatuses', spec.initContainers ?? []),
  );
  for (const [index, { allocatedResourcesStatus }] of (status.ephemeralContainerStatuses ?? []).entries()) {
    const at = `status.ephemeralContainerStatuses[${index}].allocatedResourcesStatus`;
    if (allocatedResourcesStatus?.length) errors.push(forbiddenError(at, 'must not be specified in container status'));
  }
  return errors;
}

const validateGeneration = (generation: number | undefined, path: string): FieldError[] =>
  (generation ?? 0) < 0 ? [invalidError(path, generation, 'must be a non-negative integer')] : [];

/** A container that ended for good does not come back. */
function validateTransitions(pod: Pod, old: Pod, field: (typeof STATUSES)[number]): FieldError[] {
  if (field !== 'ephemeralContainerStatuses' && allCouldRestart(old.spec)) return [];
  const errors: FieldError[] = [];
  const now = pod.status?.[field] ?? [];
  for (const [index, { name, state }] of (old.status?.[field] ?? []).entries()) {
    const ended = state?.terminated;
    if (!ended || !now.some((status) => status.name === name && !status.state?.terminated)) continue;
    const spec = specsOf(old.spec, field).find((container) => container.name === name);
    if (!spec || !restarts(spec, old.spec, ended.exitCode))
      errors.push(forbiddenError(`status.${field}[${index}].state`, 'may not be transitioned to non-terminated state'));
  }
  return errors;
}

/** The containers that may start again. */
function specsOf(spec: PodSpec, field: (typeof STATUSES)[number]): readonly Container[] {
  if (field === 'ephemeralContainerStatuses') return [];
  return (field === 'initContainerStatuses' ? spec.initContainers : spec.containers) ?? [];
}

const allCouldRestart = ({ containers, initContainers }: PodSpec): boolean =>
  [...(initContainers ?? []), ...(containers ?? [])].some((container) =>
    container.restartPolicyRules?.some((rule) => rule.action === 'RestartAllContainers'),
  );

/** Whether the container is started again after `exitCode`. Upstream: ContainerShouldRestart. */
function restarts({ restartPolicy: own, restartPolicyRules }: Container, pod: PodSpec, exitCode: number): boolean {
  if (own !== undefined) {
    const rule = restartPolicyRules?.find(({ exitCodes }) => {
      const listed = exitCodes?.values?.includes(exitCode) === true;
      return exitCodes?.operator === 'In' ? listed : exitCodes?.operator === 'NotIn' && !listed;
    });
    if (rule?.action === 'Restart' || rule?.action === 'RestartAllContainers') return true;
  }
  const policy = own ?? pod.restartPolicy;
  return policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never';
}

function validateClaimStatuses({ spec, status }: Pod): FieldError[] {
  const names = new Set<string>();
  return (status?.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }, index) => {
    const path = `status.resourceClaimStatuses[${index}]`;
    const at = `${path}.name`;
    const errors: FieldError[] = [];
    if (!spec.resourceClaims?.some((claim) => claim.name === name))
      errors.push(invalidError(at, name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (names.has(name)) errors.push(duplicateError(at, name));
    names.add(name);
    if (resourceClaimName !== undefined)
      errors.push(
        ...invalidErrors(`${path}.resourceClaimName`, resourceClaimName, dns1123Subdomain(resourceClaimName)),
      );
    return errors;
  });
}

/** One address of each family at most. */
function validateAddresses(list: readonly { ip?: string }[], path: string): FieldError[] {
  const errors = list.flatMap(({ ip = '' }, index) => invalidErrors(`${path}[${index}]`, ip, ipAddress(ip)));
  if (list.length <= 1) return errors;
  const shown = list.map(({ ip = '' }) => ({ IP: ip }));
  const wrong = shown.findIndex(({ IP }) => !isIP(IP));
  if (wrong >= 0) {
    const why = `failed to check for dual stack with error:invalid IP[${wrong}]: ${shown[wrong]?.IP}`;
    errors.push({ type: 'InternalError', field: path, message: `Internal error: ${why}` });
  }
  const families = new Set(shown.map(({ IP }) => isIPv6(IP)));
  if (wrong >= 0 || families.size < 2 || list.length > 2)
    errors.push(invalidError(path, shown, 'may specify no more than one IP for each IP family'));
  return errors;
}

function validateHostAddresses({ status = {} }: Pod): FieldError[] {
  const { hostIP = '', hostIPs = [] } = status;
  if (hostIPs.length === 0) return [];
  const first = hostIPs[0]?.ip ?? '';
  const errors = first === hostIP ? [] : [invalidError('status.hostIPs[0].ip', first, 'must be equal to `hostIP`')];
  return [...errors, ...validateAddresses(hostIPs, 'status.hostIPs')];
}

/** Upstream: validatePodExtendedResourceClaimStatus. */
function validateExtendedClaim({ spec, status }: Pod): FieldError[] {
  const claim = status?.extendedResourceClaimStatus;
  if (!claim) return [];
  const path = 'status.extendedResourceClaimStatus';
  const containers = new Map(
    [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((container) => [container.name, container]),
  );
  const errors: FieldError[] = [];
  const mappings = claim.requestMappings ?? [];
  if (mappings.length === 0)
    errors.push(requiredError(`${path}.requestMappings`, 'at least one request mapping is required'));
  const seen = new Set<string>();
  for (const [index, mapping] of mappings.entries()) {
    const at = `${path}.requestMappings[${index}]`;
    const { containerName, resourceName, requestName } = mapping;
    const container = containers.get(containerName);
    const lists = 'spec.initContainers';
    if (!container) {
      const why = `must match the name of an entry in ${lists}.name or spec.containers.name`;
      errors.push(invalidError(`${at}.containerName`, containerName, why));
    } else if (container.resources?.requests?.[resourceName] === undefined) {
      const why = `must match the extended resource name of an entry in ${lists}.resources.requests or spec.containers.resources.requests`;
      errors.push(invalidError(`${at}.resourceName`, resourceName, why));
    }
    errors.push(...invalidErrors(`${path}.requestName`, requestName, dns1123Label(requestName)));
    const key = JSON.stringify([containerName, resourceName, requestName]);
    if (seen.has(key))
      for (const field of ['containerName', 'resourceName', 'requestName'] as const)
        errors.push(duplicateError(`${at}.${field}`, mapping[field]));
    seen.add(key);
  }
  const name = claim.resourceClaimName;
  if (!name) return [...errors, requiredError(`${path}.resourceClaimName`)];
  return [...errors, ...invalidErrors(`${path}.resourceClaimName`, name, dns1123Subdomain(name))];
}

function validateUsers(statuses: readonly ContainerStatus[], path: string, os = 'linux'): FieldError[] {
  return statuses.flatMap(({ user }, index) => {
    const linux = user?.linux;
    const at = `${path}[${index}].user.linux`;
    if (!linux) return [];
    if (os === 'windows') return [forbiddenError(at, 'cannot be set for a windows pod')];
    const errors = [
      ...invalidErrors(`${at}.uid`, linux.uid, userId(linux.uid)),
      ...invalidErrors(`${at}.gid`, linux.gid, userId(linux.gid)),
    ];
    for (const [group, id] of (linux.supplementalGroups ?? []).entries())
      errors.push(...invalidErrors(`${at}.supplementalGroups[${group}]`, id, userId(id)));
    return errors;
  });
}

const NO_CLAIM =
  "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
const NO_REQUEST = "must match one of the container's resource requests";

/** The devices of a container and their health. */
function validateDevices(
  statuses: readonly ContainerStatus[],
  path: string,
  specs: readonly Container[],
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, status] of statuses.entries()) {
    const container = specs.find((spec) => spec.name === status.name);
    for (const [at, { name, resources = [] }] of (status.allocatedResourcesStatus ?? []).entries()) {
      const field = `${path}[${index}].allocatedResourcesStatus[${at}]`;
      const isClaim = name.startsWith('claim:');
      const claims = (container?.resources?.claims ?? []).map((claim) =>
        claim.request ? `claim:${claim.name}/${claim.request}` : `claim:${claim.name}`,
      );
      const known = isClaim ? claims.includes(name) : container?.resources?.requests?.[name] !== undefined;
      if (container && !known) errors.push(invalidError(`${field}.name`, name, isClaim ? NO_CLAIM : NO_REQUEST));
      const ids = new Set<string>();
      for (const [position, { health = '', resourceID, message }] of resources.entries()) {
        const where = `${field}.resources[${position}]`;
        if (!HEALTH.includes(health)) errors.push(notSupportedError(`${where}.health`, health, HEALTH));
        if (message === '') errors.push(requiredError(`${where}.message`, 'must be non-empty if specified'));
        else if (message !== undefined && new TextEncoder().encode(message).length > MAX_HEALTH_MESSAGE)
          errors.push(tooLongError(`${where}.message`, MAX_HEALTH_MESSAGE));
        if (ids.has(resourceID)) errors.push(duplicateError(`${where}.resourceID`, resourceID));
        ids.add(resourceID);
      }
    }
  }
  return errors;
}
