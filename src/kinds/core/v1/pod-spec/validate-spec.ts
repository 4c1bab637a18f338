/** The spec of a pod or of a template. Upstream: core/validation ValidatePodSpec. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  ipAddress,
  notSupportedError,
  qualifiedName,
  rangeText,
  requiredError,
  validateAnnotations,
  validateLabels,
} from '../../../../machinery/validation/index.ts';
import type { PodSpec, PodTemplateSpec } from '../../../generated/types/core-v1.ts';
import { validateContainers } from './validate-containers.ts';
import { validateScheduling } from './validate-scheduling.ts';
import { validatePodSecurity } from './validate-security.ts';
import { validateVolumes } from './validate-volumes.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const PREEMPTION = ['Never', 'PreemptLowerPriority'];
const MAX_INT32 = 2147483647;
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;

export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const errors = [
    ...validateVolumes(spec.volumes ?? [], `${path}.volumes`),
    ...validateClaims(spec, `${path}.resourceClaims`),
    ...validateContainers(spec, path),
  ];
  if (!RESTART_POLICIES.includes(spec.restartPolicy ?? ''))
    errors.push(notSupportedError(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES));
  if (!DNS_POLICIES.includes(spec.dnsPolicy ?? ''))
    errors.push(notSupportedError(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES));
  if (spec.nodeSelector) errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  errors.push(...validatePodSecurity(spec, path), ...validateNames(spec, path));
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    errors.push(invalidError(`${path}.activeDeadlineSeconds`, deadline, rangeText(1, MAX_INT32)));
  }
  errors.push(
    ...validateScheduling(spec, path),
    ...validateHostAliases(spec, `${path}.hostAliases`),
    ...validateDNS(spec, path),
  );
  return [...errors, ...validateGates(spec, path)];
}

function validateNames(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.serviceAccountName)
    errors.push(
      ...invalidErrors(
        `${path}.serviceAccountName`,
        spec.serviceAccountName,
        dns1123Subdomain(spec.serviceAccountName),
      ),
    );
  if (spec.nodeName) errors.push(...invalidErrors(`${path}.nodeName`, spec.nodeName, dns1123Subdomain(spec.nodeName)));
  if (spec.hostname) errors.push(...invalidErrors(`${path}.hostname`, spec.hostname, dns1123Label(spec.hostname)));
  if (spec.subdomain) errors.push(...invalidErrors(`${path}.subdomain`, spec.subdomain, dns1123Label(spec.subdomain)));
  if (spec.priorityClassName)
    errors.push(
      ...invalidErrors(`${path}.priorityClassName`, spec.priorityClassName, dns1123Subdomain(spec.priorityClassName)),
    );
  if (spec.runtimeClassName)
    errors.push(
      ...invalidErrors(`${path}.runtimeClassName`, spec.runtimeClassName, dns1123Subdomain(spec.runtimeClassName)),
    );
  if (spec.preemptionPolicy && !PREEMPTION.includes(spec.preemptionPolicy)) {
    errors.push(notSupportedError(`${path}.preemptionPolicy`, spec.preemptionPolicy, PREEMPTION));
  }
  if (spec.os && spec.os.name !== 'linux' && spec.os.name !== 'windows') {
    errors.push(
      spec.os.name
        ? notSupportedError(`${path}.os`, spec.os.name, ['linux', 'windows'])
        : requiredError(`${path}.os.name`, 'cannot be empty'),
    );
  }
  return errors;
}

function validateHostAliases({ hostAliases = [] }: PodSpec, path: string): FieldError[] {
  return hostAliases.flatMap(({ ip, hostnames = [] }, index) => [
    ...invalidErrors(`${path}[${index}].ip`, ip, ipAddress(ip)),
    ...hostnames.flatMap((name, position) =>
      invalidErrors(`${path}[${index}].hostnames[${position}]`, name, dns1123Subdomain(name)),
    ),
  ]);
}

const SEARCH_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*')";
const SEARCH = /^[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*$/;

function validateDNS({ dnsPolicy, dnsConfig }: PodSpec, path: string): FieldError[] {
  const at = `${path}.dnsConfig`;
  if (!dnsConfig)
    return dnsPolicy === 'None' ? [requiredError(at, 'must provide `dnsConfig` when `dnsPolicy` is None')] : [];
  const errors: FieldError[] = [];
  const { nameservers = [], searches = [], options = [] } = dnsConfig;
  if (dnsPolicy === 'None' && nameservers.length === 0) {
    errors.push(
      requiredError(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'),
    );
  }
  if (nameservers.length > MAX_NAMESERVERS)
    errors.push(
      invalidError(`${at}.nameservers`, nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`),
    );
  for (const [index, server] of nameservers.entries())
    errors.push(...invalidErrors(`${at}.nameservers[${index}]`, server, ipAddress(server)));
  if (searches.length > MAX_SEARCHES)
    errors.push(invalidError(`${at}.searches`, searches, `must not have more than ${MAX_SEARCHES} search paths`));
  for (const [index, search] of searches.entries()) {
    const name = search.length > 1 ? search.replace(/\.$/, '') : search;
    if (name !== '.' && !SEARCH.test(name)) errors.push(invalidError(`${at}.searches[${index}]`, search, SEARCH_TEXT));
  }
  for (const [index, option] of options.entries())
    if (!option.name) errors.push(requiredError(`${at}.options[${index}]`, 'must not be empty'));
  return errors;
}

function validateGates(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    errors.push(
      ...invalidErrors(`${path}.readinessGates[${index}].conditionType`, conditionType, qualifiedName(conditionType)),
    );
  }
  const names = new Set<string>();
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    errors.push(...invalidErrors(`${path}.schedulingGates[${index}]`, name, qualifiedName(name)));
    if (names.has(name)) errors.push(duplicateError(`${path}.schedulingGates[${index}]`, name));
    names.add(name);
  }
  if (spec.hostUsers === false) {
    for (const field of ['hostPID', 'hostIPC', 'hostNetwork'] as const) {
      if (spec[field])
        errors.push(
          forbiddenError(
            `${path}.${field === 'hostNetwork' ? field : field.replace('h', 'H')}`,
            'when `hostUsers` is false',
          ),
        );
    }
  }
  return errors;
}

function validateClaims({ resourceClaims = [] }: PodSpec, path: string): FieldError[] {
  const names = new Set<string>();
  return resourceClaims.flatMap((claim, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (!claim.name) errors.push(requiredError(`${at}.name`));
    else {
      errors.push(...invalidErrors(`${at}.name`, claim.name, dns1123Label(claim.name)));
      if (names.has(claim.name)) errors.push(duplicateError(`${at}.name`, claim.name));
      names.add(claim.name);
    }
    const shown = {
      Name: claim.name,
      ResourceClaimName: claim.resourceClaimName ?? null,
      ResourceClaimTemplateName: claim.resourceClaimTemplateName ?? null,
    };
    if (claim.resourceClaimName !== undefined && claim.resourceClaimTemplateName !== undefined) {
      errors.push(
        invalidError(at, shown, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'),
      );
    } else if (claim.resourceClaimName === undefined && claim.resourceClaimTemplateName === undefined) {
      errors.push(invalidError(at, shown, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    }
    for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
      if (claim[field] !== undefined)
        errors.push(...invalidErrors(`${at}.${field}`, claim[field], dns1123Subdomain(claim[field])));
    }
    return errors;
  });
}

/** A template of workloads. Upstream: core/validation ValidatePodTemplateSpec. */
export function validatePodTemplate(template: PodTemplateSpec, path: string): FieldError[] {
  const errors = [
    ...validateLabels(template.metadata?.labels ?? {}, `${path}.labels`),
    ...validateAnnotations(template.metadata?.annotations ?? {}, `${path}.annotations`),
    ...validatePodSpec(template.spec, `${path}.spec`),
  ];
  if (template.spec.ephemeralContainers?.length) {
    errors.push(forbiddenError(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  }
  return errors;
}
