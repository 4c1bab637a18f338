/** The spec of a pod or of a template. Upstream: core/validation ValidatePodSpec. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Label,
  dns1123Subdomain,
  dns1123SubdomainWithUnderscore,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  ipAddress,
  notSupportedError,
  qualifiedName,
  rangeText,
  requiredError,
  tooLongError,
  validateAnnotations,
  validateLabels,
} from '../../../../machinery/validation/index.ts';
import type { PodSpec, PodTemplateSpec } from '../../../generated/types/core-v1.ts';
import { type PodContext, TEMPLATE } from './context.ts';
import { validatePodAnnotations, validateProfileMatches } from './validate-annotations.ts';
import { validateContainers } from './validate-containers.ts';
import { validateFileKeyVolumes } from './validate-env.ts';
import { validatePodResources, validateResources } from './validate-resources.ts';
import { validateAffinity, validateTolerations, validateTopologySpread } from './validate-scheduling.ts';
import { validatePodSecurity } from './validate-security.ts';
import { validateVolumes } from './validate-volumes.ts';
import { validateHostProcess, validateOS } from './validate-windows.ts';
import { visitContainers } from './visit.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const PREEMPTION = ['PreemptLowerPriority', 'Never'];
const MAX_INT32 = 2147483647;
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARS = 2048;
const MAX_HOSTNAME = 64;

export function validatePodSpec(spec: PodSpec, path: string, context: PodContext): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.terminationGracePeriodSeconds === undefined)
    errors.push(requiredError(`${path}.terminationGracePeriodSeconds`));
  const volumes = validateVolumes(spec.volumes ?? [], `${path}.volumes`, context);
  errors.push(...volumes.errors);
  if (spec.resourceClaims) errors.push(...validateClaims(spec, `${path}.resourceClaims`, context));
  errors.push(...validateContainers(spec, path, volumes.known));
  if (spec.resources) errors.push(...validatePodResources(spec, `${path}.resources`));
  if (spec.hostNetwork) errors.push(...validateHostNetworkPorts(spec, path, context));
  errors.push(
    ...oneOf(spec.restartPolicy, RESTART_POLICIES, `${path}.restartPolicy`),
    ...oneOf(spec.dnsPolicy, DNS_POLICIES, `${path}.dnsPolicy`),
  );
  if (spec.nodeSelector) errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  errors.push(...validatePodSecurity(spec, path));
  if (spec.affinity) errors.push(...validateAffinity(spec.affinity, `${path}.affinity`));
  errors.push(...validateDNS(spec, path), ...validateGates(spec, path));
  if (spec.topologySpreadConstraints)
    errors.push(...validateTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`));
  errors.push(...validateHostProcess(spec, path), ...validateHostUsers(spec, path), ...validateNames(spec, path));
  return [...errors, ...validateOS(spec, path), ...validateFileKeyVolumes(spec, path)];
}

function oneOf(value: string | undefined, allowed: readonly string[], path: string): FieldError[] {
  if (!value) return [requiredError(path)];
  return allowed.includes(value) ? [] : [notSupportedError(path, value, allowed)];
}

/** On the host's network a port is the host's; templates may leave it out, as the pod gets it by default. */
function validateHostNetworkPorts(spec: PodSpec, path: string, { isPod }: PodContext): FieldError[] {
  return (spec.containers ?? []).flatMap((container, index) =>
    (container.ports ?? []).flatMap(({ hostPort = 0, containerPort }, at) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [
            invalidError(
              `${path}.containers[${index}].ports[${at}].hostPort`,
              hostPort,
              'must match `containerPort` when `hostNetwork` is true',
            ),
          ]
        : [],
    ),
  );
}

const named = (value: string | undefined, path: string, rule: (value: string) => string[]): FieldError[] =>
  value ? invalidErrors(path, value, rule(value)) : [];

/** The rest of the spec, in upstream's order. */
function validateNames(spec: PodSpec, path: string): FieldError[] {
  const errors = [
    ...validateHostname(spec, path),
    ...named(spec.serviceAccountName, `${path}.serviceAccountName`, dns1123Subdomain),
    ...named(spec.nodeName, `${path}.nodeName`, dns1123Subdomain),
  ];
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32))
    errors.push(invalidError(`${path}.activeDeadlineSeconds`, deadline, rangeText(1, MAX_INT32)));
  errors.push(
    ...named(spec.hostname, `${path}.hostname`, dns1123Label),
    ...named(spec.subdomain, `${path}.subdomain`, dns1123Label),
  );
  if (spec.tolerations) errors.push(...validateTolerations(spec.tolerations, `${path}.tolerations`));
  errors.push(
    ...validateHostAliases(spec, `${path}.hostAliases`),
    ...named(spec.priorityClassName, `${path}.priorityClassName`, dns1123Subdomain),
  );
  const { runtimeClassName, preemptionPolicy, overhead } = spec;
  if (runtimeClassName !== undefined)
    errors.push(...invalidErrors(`${path}.runtimeClassName`, runtimeClassName, dns1123Subdomain(runtimeClassName)));
  if (preemptionPolicy !== undefined) errors.push(...oneOf(preemptionPolicy, PREEMPTION, `${path}.preemptionPolicy`));
  // Overhead is checked as limits are.
  if (overhead) errors.push(...validateResources({ limits: overhead }, `${path}.overhead`, new Set()));
  return errors;
}

/** Upstream: validateHostnameOverride. */
function validateHostname({ hostnameOverride, setHostnameAsFQDN, hostNetwork }: PodSpec, path: string): FieldError[] {
  if (hostnameOverride === undefined) return [];
  const at = `${path}.hostnameOverride`;
  const errors: FieldError[] = [];
  if (setHostnameAsFQDN) errors.push(forbiddenError(at, 'may not be specified when setHostnameAsFQDN is true'));
  if (hostNetwork) errors.push(forbiddenError(at, 'may not be specified when hostNetwork is true'));
  if (hostnameOverride.length > MAX_HOSTNAME) errors.push(tooLongError(at, MAX_HOSTNAME));
  return [...errors, ...invalidErrors(at, hostnameOverride, dns1123Subdomain(hostnameOverride))];
}

function validateHostAliases({ hostAliases = [] }: PodSpec, path: string): FieldError[] {
  return hostAliases.flatMap(({ ip, hostnames = [] }, index) => [
    ...invalidErrors(`${path}[${index}].ip`, ip, ipAddress(ip)),
    ...hostnames.flatMap((name, position) =>
      invalidErrors(`${path}[${index}].hostnames[${position}]`, name, dns1123Subdomain(name)),
    ),
  ]);
}

function validateDNS({ dnsPolicy, dnsConfig }: PodSpec, path: string): FieldError[] {
  const at = `${path}.dnsConfig`;
  if (dnsPolicy === 'None') {
    if (!dnsConfig) return [requiredError(at, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (!dnsConfig.nameservers?.length) {
      const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      return [requiredError(`${at}.nameservers`, why)];
    }
  }
  if (!dnsConfig) return [];
  const errors: FieldError[] = [];
  const { nameservers = [], searches = [], options = [] } = dnsConfig;
  if (nameservers.length > MAX_NAMESERVERS)
    errors.push(
      invalidError(`${at}.nameservers`, nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`),
    );
  for (const [index, server] of nameservers.entries())
    errors.push(...invalidErrors(`${at}.nameservers[${index}]`, server, ipAddress(server)));
  if (searches.length > MAX_SEARCHES)
    errors.push(invalidError(`${at}.searches`, searches, `must not have more than ${MAX_SEARCHES} search paths`));
  if (searches.join(' ').length > MAX_SEARCH_CHARS) {
    const why = `must not have more than ${MAX_SEARCH_CHARS} characters (including spaces) in the search list`;
    errors.push(invalidError(`${at}.searches`, searches, why));
  }
  for (const [index, search] of searches.entries()) {
    if (search === '.') continue;
    const name = search.replace(/\.$/, '');
    errors.push(...invalidErrors(`${at}.searches[${index}]`, name, dns1123SubdomainWithUnderscore(name)));
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
  return errors;
}

/** A user namespace of its own goes with no other namespace of the host. */
function validateHostUsers(spec: PodSpec, path: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const fields = [
    ['hostNetwork', 'hostNetwork'],
    ['hostPID', 'HostPID'],
    ['hostIPC', 'HostIPC'],
  ] as const;
  const at = fields.filter(([field]) => spec[field]).map(([, name]) => `${path}.${name}`);
  visitContainers(spec, path, ({ volumeDevices }, container) => {
    if (volumeDevices?.length) at.push(`${container}.volumeDevices`);
  });
  return at.map((field) => forbiddenError(field, 'when `hostUsers` is false'));
}

function validateClaims({ resourceClaims = [] }: PodSpec, path: string, { isMirror }: PodContext): FieldError[] {
  if (isMirror) return resourceClaims.map(() => forbiddenError('[]', 'static pods do not support resource claims'));
  const names = new Set<string>();
  return resourceClaims.flatMap((claim, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (!claim.name) errors.push(requiredError(`${at}.name`));
    else if (names.has(claim.name)) errors.push(duplicateError(`${at}.name`, claim.name));
    else {
      errors.push(...invalidErrors(`${at}.name`, claim.name, dns1123Label(claim.name)));
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
  const { metadata, spec } = template;
  const errors = [
    ...validateLabels(metadata?.labels ?? {}, `${path}.labels`),
    ...validateAnnotations(metadata?.annotations ?? {}, `${path}.annotations`),
    ...validatePodAnnotations(metadata?.annotations ?? {}, spec, `${path}.annotations`),
    ...validatePodSpec(spec, `${path}.spec`, TEMPLATE),
    ...validateProfileMatches(metadata, spec, `${path}.spec`),
  ];
  if (spec.ephemeralContainers?.length)
    errors.push(forbiddenError(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  return errors;
}
