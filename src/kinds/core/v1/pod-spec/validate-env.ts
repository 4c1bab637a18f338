/** Environment of containers. Upstream: core/validation ValidateEnv, ValidateEnvFrom. */
import { memberOf } from '../../../../machinery/own-member.ts';
import type { FieldError } from '../../../../machinery/status.ts';
import {
  configMapKey,
  dns1123Label,
  dns1123Subdomain,
  envVarName,
  invalidError,
  invalidErrors,
  notFoundError,
  notSupportedError,
  qualifiedName,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
  ObjectFieldSelector,
  PodSpec,
  ResourceFieldSelector,
} from '../../../generated/types/core-v1.ts';
import { noBacksteps } from './paths.ts';
import { visitContainers } from './visit.ts';

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
export const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
/** What a pod field may be called; whether it may be named in the place at hand is another matter. */
const KNOWN_FIELDS = new Set([
  ...ENV_FIELDS,
  ...VOLUME_FIELDS,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);
/** Old names of fields. */
const ALIASES: Readonly<Record<string, string>> = { 'spec.host': 'spec.nodeName' };
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;

const SUBSCRIPT = /^([^[]+)\['(.*)'\]$/s;

/** `supported`: the paths that may be named here. Upstream: validateObjectFieldSelector. */
export function validateFieldRef(ref: ObjectFieldSelector, path: string, supported: readonly string[]): FieldError[] {
  if (!ref.apiVersion) return [requiredError(`${path}.apiVersion`)];
  if (!ref.fieldPath) return [requiredError(`${path}.fieldPath`)];
  const field = `${path}.fieldPath`;
  const refuse = (why: string): FieldError[] => [
    invalidError(field, ref.fieldPath, `error converting fieldPath: ${why}`),
  ];
  if (ref.apiVersion !== 'v1') return refuse(`unsupported pod version: ${ref.apiVersion}`);
  const [, base = '', key = ''] = SUBSCRIPT.exec(ref.fieldPath) ?? [];
  if (base === 'metadata.annotations') return invalidErrors(path, key.toLowerCase(), qualifiedName(key.toLowerCase()));
  if (base === 'metadata.labels') return invalidErrors(path, key, qualifiedName(key));
  if (base !== '') return refuse(`field label does not support subscript: ${ref.fieldPath}`);
  const name = memberOf(ALIASES, ref.fieldPath) ?? ref.fieldPath;
  if (!KNOWN_FIELDS.has(name)) return refuse(`field label not supported: ${ref.fieldPath}`);
  return supported.includes(name) ? [] : [notSupportedError(field, name, supported)];
}

const CPU_DIVISORS = ['1m', '1'];
const BYTE_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const BYTES: readonly (readonly [RegExp, string])[] = [
  [/^(limits|requests)\.memory$/, 'memory'],
  [/^(limits|requests)\.ephemeral-storage$/, 'local ephemeral storage'],
  [/^(limits|requests)\.hugepages-/, 'hugepages'],
];

/** In volumes the container must be named. Upstream: validateContainerResourceFieldSelector. */
export function validateResourceFieldRef(ref: ResourceFieldSelector, path: string, inVolume: boolean): FieldError[] {
  const { resource = '', divisor = '0' } = ref;
  const errors: FieldError[] = [];
  if (inVolume && !ref.containerName) errors.push(requiredError(`${path}.containerName`));
  else if (resource === '') errors.push(requiredError(`${path}.resource`));
  else if (!RESOURCES.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource))
    errors.push(notSupportedError(`${path}.resource`, resource, RESOURCES));
  if (divisor === '0') return errors;
  const refuse = (text: string): void => void errors.push(invalidError(`${path}.divisor`, resource, text));
  if (/^(limits|requests)\.cpu$/.test(resource) && !CPU_DIVISORS.includes(divisor))
    refuse("only divisor's values 1m and 1 are supported with the cpu resource");
  for (const [pattern, what] of BYTES) {
    if (pattern.test(resource) && !BYTE_DIVISORS.includes(divisor))
      refuse(`only divisor's values ${BYTE_DIVISORS.join(', ')} are supported with the ${what} resource`);
  }
  return errors;
}

function validateFileKey(ref: FileKeySelector, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!ref.key) errors.push(requiredError(`${path}.key`));
  else errors.push(...invalidErrors(`${path}.key`, ref.key, envVarName(ref.key)));
  if (!ref.volumeName) errors.push(requiredError(`${path}.volumeName`));
  else errors.push(...invalidErrors(`${path}.volumeName`, ref.volumeName, dns1123Label(ref.volumeName)));
  if (!ref.path) errors.push(requiredError(`${path}.path`));
  else errors.push(...noBacksteps(ref.path, `${path}.path`));
  return errors;
}

function validateSource(source: EnvVarSource, value: string | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (source.fieldRef) errors.push(...validateFieldRef(source.fieldRef, `${path}.fieldRef`, ENV_FIELDS));
  if (source.resourceFieldRef)
    errors.push(...validateResourceFieldRef(source.resourceFieldRef, `${path}.resourceFieldRef`, false));
  for (const name of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const ref = source[name];
    if (!ref) continue;
    errors.push(...invalidErrors(`${path}.${name}.name`, ref.name ?? '', dns1123Subdomain(ref.name ?? '')));
    if (!ref.key) errors.push(requiredError(`${path}.${name}.key`));
    else errors.push(...invalidErrors(`${path}.${name}.key`, ref.key, configMapKey(ref.key)));
  }
  if (source.fileKeyRef) errors.push(...validateFileKey(source.fileKeyRef, `${path}.fileKeyRef`));
  const set = SOURCES.filter((name) => source[name] !== undefined).length;
  if (set === 0)
    errors.push(
      invalidError(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    );
  else if (value) errors.push(invalidError(path, '', 'may not be specified when `value` is not empty'));
  else if (set > 1) errors.push(invalidError(path, '', 'may not have more than one field specified at a time'));
  return errors;
}

export function validateEnv(env: readonly EnvVar[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, variable] of env.entries()) {
    const at = `${path}[${index}]`;
    if (!variable.name) errors.push(requiredError(`${at}.name`));
    else errors.push(...invalidErrors(`${at}.name`, variable.name, envVarName(variable.name)));
    if (variable.valueFrom) errors.push(...validateSource(variable.valueFrom, variable.value, `${at}.valueFrom`));
  }
  return errors;
}

export function validateEnvFrom(sources: readonly EnvFromSource[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, source] of sources.entries()) {
    const at = `${path}[${index}]`;
    if (source.prefix) errors.push(...invalidErrors(`${at}.prefix`, source.prefix, envVarName(source.prefix)));
    let set = 0;
    for (const name of ['configMapRef', 'secretRef'] as const) {
      const ref = source[name];
      if (!ref) continue;
      set++;
      if (!ref.name) errors.push(requiredError(`${at}.${name}.name`));
      else errors.push(...invalidErrors(`${at}.${name}.name`, ref.name, dns1123Subdomain(ref.name)));
    }
    if (set === 0) errors.push(invalidError(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (set > 1) errors.push(invalidError(path, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

/** Variables read from files need an emptyDir that the file is in. Upstream: validateFileKeyRefVolumes. */
export function validateFileKeyVolumes(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  visitContainers(spec, path, (container, at) => {
    for (const [index, { valueFrom }] of (container.env ?? []).entries()) {
      if (!valueFrom?.fileKeyRef) continue;
      const { volumeName = '' } = valueFrom.fileKeyRef;
      const field = `${at}.env[${index}].valueFrom.fileKeyRef.volumeName`;
      const volume = spec.volumes?.findLast((candidate) => (candidate.name ?? '') === volumeName);
      if (!volume) errors.push(notFoundError(field, volumeName));
      else if (!volume.emptyDir)
        errors.push(invalidError(field, volumeName, 'referenced volume must be of type emptyDir'));
    }
  });
  return errors;
}
