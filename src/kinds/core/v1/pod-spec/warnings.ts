/** What is allowed in a pod spec but better avoided. Upstream: pkg/api/pod/warnings.go. */
import type { ObjectMeta } from '../../../../machinery/meta.ts';
import { parseQuantity } from '../../../../machinery/quantity.ts';
import { quote } from '../../../../machinery/quote.ts';
import { canonicalWarning } from '../../../../machinery/validation/index.ts';
import type { Affinity, Container, PodSpec, PodTemplateSpec, Volume } from '../../../generated/types/core-v1.ts';
import { deprecatedLabel, selectorTermWarnings } from '../node-labels.ts';
import { claimSpecWarnings } from '../persistent-volume-claim/warnings.ts';
import { APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD } from './validate-annotations.ts';
import { visitContainers } from './visit.ts';
import { overlapWarnings } from './warnings-paths.ts';
import { portWarnings } from './warnings-ports.ts';

const OLD_ANNOTATIONS: readonly (readonly [string, string])[] = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
];
/** Volumes whose drivers are gone or going; `storageOS` is upstream's spelling of the path. */
const OLD_VOLUMES: readonly (readonly [keyof Volume, string, string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];
const WARNED = new Set<string>(['ephemeral', ...OLD_VOLUMES.map(([field]) => field)]);
const BYTES = ['memory', 'ephemeral-storage'];
const NO_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead';

/** Warnings of a pod template at `path` (`spec.template`). */
export const templateWarnings = (template: PodTemplateSpec | undefined, path: string): string[] =>
  template?.spec ? podWarnings(template.spec, template.metadata, `${path}.`) : [];

/** `prefix`: of the paths, with its dot; empty for a pod. */
export function podWarnings(spec: PodSpec, metadata: ObjectMeta | undefined, prefix: string): string[] {
  const annotations = metadata?.annotations ?? {};
  const at = `${prefix}spec`;
  const warnings = placementWarnings(spec, at);
  for (const [key, text] of OLD_ANNOTATIONS)
    if (annotations[key] !== undefined) warnings.push(`${prefix}metadata.annotations[${key}]: ${text}`);
  if (spec.volumes) warnings.push(...volumeWarnings(spec.volumes, `${at}.volumes`));
  warnings.push(...listWarnings(spec, at));
  for (const name of BYTES) warnings.push(...fractionWarning(spec.overhead, name, `${at}.overhead`));
  if (!spec.securityContext?.seccompProfile && annotations[SECCOMP_POD] !== undefined)
    warnings.push(`${prefix}metadata.annotations[${SECCOMP_POD}]: ${NO_SECCOMP}`);
  visitContainers(spec, at, (container, path) => {
    if (metadata?.annotations) warnings.push(...annotationWarnings(container, { spec, annotations, prefix }));
    warnings.push(...containerWarnings(container, path));
  });
  warnings.push(...portWarnings(spec, at));
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    warnings.push(
      `${at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  if (spec.affinity) warnings.push(...affinityWarnings(spec.affinity, `${at}.affinity`));
  return [...warnings, ...addressWarnings(spec, at)];
}

const addressWarnings = ({ dnsConfig, hostAliases }: PodSpec, at: string): string[] => [
  ...(dnsConfig?.nameservers ?? []).flatMap((ip, index) =>
    canonicalWarning(ip, `${at}.dnsConfig.nameservers[${index}]`),
  ),
  ...(hostAliases ?? []).flatMap(({ ip }, index) => canonicalWarning(ip, `${at}.hostAliases[${index}].ip`)),
];

const NO_SELECTOR = 'a null labelSelector results in matching no pod';

function placementWarnings(spec: PodSpec, at: string): string[] {
  const warnings: string[] = [];
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const text = deprecatedLabel(key);
    if (text !== undefined) warnings.push(`${at}.nodeSelector[${key}]: ${text}`);
  }
  const affinity = spec.affinity?.nodeAffinity;
  const path = `${at}.affinity.nodeAffinity`;
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const [index, term] of terms.entries()) {
    const field = `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`;
    warnings.push(...selectorTermWarnings(term, field));
  }
  for (const [index, term] of (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const field = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`;
    warnings.push(...selectorTermWarnings(term.preference, field, true));
  }
  for (const [index, { topologyKey, labelSelector }] of (spec.topologySpreadConstraints ?? []).entries()) {
    const field = `${at}.topologySpreadConstraints[${index}]`;
    const text = deprecatedLabel(topologyKey);
    if (text !== undefined) warnings.push(`${field}.topologyKey: ${topologyKey} is ${text}`);
    if (!labelSelector) warnings.push(`${field}.labelSelector: ${NO_SELECTOR}`);
  }
  return warnings;
}

function volumeWarnings(volumes: readonly Volume[], at: string): string[] {
  const warnings: string[] = [];
  for (const [index, volume] of volumes.entries()) {
    if (!Object.keys(volume).some((field) => WARNED.has(field))) continue;
    const path = `${at}[${index}]`;
    for (const [field, name, text] of OLD_VOLUMES) {
      if (field === 'cephfs' && volume.ephemeral?.volumeClaimTemplate)
        warnings.push(
          ...claimSpecWarnings(volume.ephemeral.volumeClaimTemplate.spec, `${path}.ephemeral.volumeClaimTemplate.spec`),
        );
      if (volume[field] !== undefined) warnings.push(`${path}.${name}: ${text}`);
    }
  }
  return [...warnings, ...overlapWarnings(volumes)];
}

function listWarnings(spec: PodSpec, at: string): string[] {
  const warnings: string[] = [];
  const addresses = new Set<string>();
  for (const [index, { ip }] of (spec.hostAliases ?? []).entries()) {
    if (addresses.has(ip)) warnings.push(`${at}.hostAliases[${index}].ip: duplicate ip ${quote(ip)}`);
    addresses.add(ip);
  }
  const secrets = spec.imagePullSecrets ?? [];
  const names = new Set<string>();
  for (const [index, { name = '' }] of secrets.entries()) {
    if (names.has(name)) warnings.push(`${at}.imagePullSecrets[${index}].name: duplicate name ${quote(name)}`);
    names.add(name);
  }
  for (const [index, { name }] of secrets.entries())
    if (!name) warnings.push(`${at}.imagePullSecrets[${index}].name: invalid empty name ""`);
  return warnings;
}

/** Bytes come whole. */
function fractionWarning(list: Readonly<Record<string, string>> | undefined, name: string, path: string): string[] {
  const text = list?.[name];
  if (text === undefined || /^\d+([KMGTPE]i?|k)?$/.test(text)) return [];
  if (parseQuantity(text).milliValue() % 1000 === 0) return [];
  return [`${path}[${name}]: fractional byte value ${quote(text)} is invalid, must be an integer`];
}

function annotationWarnings(
  { name, securityContext }: Container,
  { spec, annotations, prefix }: { spec: PodSpec; annotations: Readonly<Record<string, string>>; prefix: string },
): string[] {
  const warnings: string[] = [];
  const seccomp = SECCOMP_CONTAINER + name;
  if (!securityContext?.seccompProfile && annotations[seccomp] !== undefined)
    warnings.push(`${prefix}metadata.annotations[${seccomp}]: ${NO_SECCOMP}`);
  const armor = APP_ARMOR + name;
  const armored = securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
  // For pods the annotation is copied to the field, which warns by itself.
  if (prefix !== '' && !armored && annotations[armor] !== undefined)
    warnings.push(appArmorWarning(armor, `${prefix}metadata`));
  return warnings;
}

export const appArmorWarning = (key: string, metadata: string): string =>
  `${metadata}.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`;

function containerWarnings({ resources, env }: Container, path: string): string[] {
  const warnings: string[] = [];
  for (const name of BYTES) {
    warnings.push(...fractionWarning(resources?.limits, name, `${path}.resources.limits`));
    warnings.push(...fractionWarning(resources?.requests, name, `${path}.resources.requests`));
  }
  const names = new Set<string>();
  for (const [index, { name, value = '', valueFrom }] of (env ?? []).entries()) {
    const ref = `$(${name})`;
    // A value that holds the one before it extends it.
    if (names.has(name) && (valueFrom !== undefined || value === ref || !value.includes(ref)))
      warnings.push(
        `${path}.env[${index}]: hides previous definition of ${quote(name)}, which may be dropped when using apply`,
      );
    names.add(name);
  }
  return warnings;
}

function affinityWarnings(affinity: Affinity, at: string): string[] {
  const warnings: string[] = [];
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const terms = affinity[name];
    const required = terms?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const [index, { labelSelector }] of required.entries())
      if (!labelSelector)
        warnings.push(
          `${at}.${name}.requiredDuringSchedulingIgnoredDuringExecution[${index}].labelSelector: ${NO_SELECTOR}`,
        );
    const preferred = terms?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const [index, { podAffinityTerm }] of preferred.entries()) {
      const path = `${at}.${name}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      if (!podAffinityTerm.labelSelector) warnings.push(`${path}.podAffinityTerm.labelSelector: ${NO_SELECTOR}`);
    }
  }
  return warnings;
}
