/** Environment of containers. Upstream: core/validation ValidateEnv, ValidateEnvFrom. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  configMapKey,
  dns1123Subdomain,
  envVarName,
  invalidError,
  invalidErrors,
  notSupportedError,
  qualifiedName,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '../../../generated/types/core-v1.ts';

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
/** Labels that a pod field may be named by, supported in the place at hand or not. */
const KNOWN_FIELDS = new Set([
  ...ENV_FIELDS,
  ...VOLUME_FIELDS,
  'spec.host',
  'spec.hostNetwork',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.nominatedNodeName',
  'status.phase',
]);
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const;

const SUBSCRIPT = /^metadata\.(annotations|labels)\['(.*)'\]$/;

/** `supported`: the paths that may be named here. */
export function validateFieldRef(
  ref: ObjectFieldSelector,
  path: string,
  { supported, subscripts }: { supported: readonly string[]; subscripts: boolean },
): FieldError[] {
  if (!ref.apiVersion) return [requiredError(`${path}.apiVersion`)];
  if (!ref.fieldPath) return [requiredError(`${path}.fieldPath`)];
  const subscript = SUBSCRIPT.exec(ref.fieldPath);
  if (subscript && subscripts) {
    const key = subscript[2] ?? '';
    const texts = subscript[1] === 'annotations' ? qualifiedName(key.toLowerCase()) : qualifiedName(key);
    return invalidErrors(path, key, texts);
  }
  if (!KNOWN_FIELDS.has(ref.fieldPath)) {
    return [
      invalidError(
        `${path}.fieldPath`,
        ref.fieldPath,
        `error converting fieldPath: field label not supported: ${ref.fieldPath}`,
      ),
    ];
  }
  return supported.includes(ref.fieldPath) ? [] : [notSupportedError(`${path}.fieldPath`, ref.fieldPath, supported)];
}

const DIVISORS: Record<string, readonly string[]> = {
  cpu: ['1m', '1'],
  memory: ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'],
};

/** In volumes the container must be named. */
export function validateResourceFieldRef(ref: ResourceFieldSelector, path: string, inVolume: boolean): FieldError[] {
  if (inVolume && !ref.containerName) return [requiredError(`${path}.containerName`)];
  if (!ref.resource) return [requiredError(`${path}.resource`)];
  if (!RESOURCES.includes(ref.resource) && !/^(limits|requests)\.hugepages-/.test(ref.resource)) {
    return [notSupportedError(`${path}.resource`, ref.resource, RESOURCES)];
  }
  const kind = ref.resource.endsWith('.cpu') ? 'cpu' : 'memory';
  const name = ref.resource.slice(ref.resource.indexOf('.') + 1);
  const allowed = DIVISORS[kind] ?? [];
  if (ref.divisor === undefined || ref.divisor === '0' || allowed.includes(ref.divisor)) return [];
  const list = `${allowed.slice(0, -1).join(', ')} and ${allowed.at(-1)}`;
  const text =
    kind === 'cpu'
      ? `only divisor's values ${list} are supported with the cpu resource`
      : `only divisor's values ${allowed.join(', ')} are supported with the ${name} resource`;
  return [invalidError(`${path}.divisor`, ref.resource, text)];
}

function validateSource(source: EnvVarSource, value: string | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (source.fieldRef)
    errors.push(...validateFieldRef(source.fieldRef, `${path}.fieldRef`, { supported: ENV_FIELDS, subscripts: true }));
  if (source.resourceFieldRef)
    errors.push(...validateResourceFieldRef(source.resourceFieldRef, `${path}.resourceFieldRef`, false));
  for (const name of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const ref = source[name];
    if (!ref) continue;
    errors.push(...invalidErrors(`${path}.${name}.name`, ref.name ?? '', dns1123Subdomain(ref.name ?? '')));
    if (!ref.key) errors.push(requiredError(`${path}.${name}.key`));
    else errors.push(...invalidErrors(`${path}.${name}.key`, ref.key, configMapKey(ref.key)));
  }
  const set = SOURCES.filter((name) => source[name] !== undefined).length;
  if (set === 0)
    errors.push(
      invalidError(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    );
  if (value) errors.push(invalidError(path, '', 'may not be specified when `value` is not empty'));
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
