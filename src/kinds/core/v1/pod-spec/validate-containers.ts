/** Containers of a pod spec. Upstream: core/validation validateContainers, validateInitContainers. */
import type { FieldError } from '../../../../machinery/status.ts';
import {
  dns1123Label,
  duplicateError,
  forbiddenError,
  invalidError,
  invalidErrors,
  notFoundError,
  notSupportedError,
  portName,
  portNumber,
  requiredError,
} from '../../../../machinery/validation/index.ts';
import type { Container, ContainerPort, PodSpec, VolumeMount } from '../../../generated/types/core-v1.ts';
import { validateEnv, validateEnvFrom } from './validate-env.ts';
import { validateContainerHooks } from './validate-probes.ts';
import { validateResources } from './validate-resources.ts';
import { validateContainerSecurity } from './validate-security.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];

/** What containers refer to in their pod. */
interface PodParts {
  spec: PodSpec;
  volumes: ReadonlySet<string>;
  blockVolumes: ReadonlySet<string>;
  claims: ReadonlySet<string>;
}

export function validateContainers(spec: PodSpec, path: string): FieldError[] {
  const parts: PodParts = {
    spec,
    volumes: new Set((spec.volumes ?? []).map((volume) => volume.name)),
    blockVolumes: new Set(
      (spec.volumes ?? [])
        .filter((volume) => volume.persistentVolumeClaim || volume.ephemeral)
        .map((volume) => volume.name),
    ),
    claims: new Set((spec.resourceClaims ?? []).map((claim) => claim.name)),
  };
  const errors: FieldError[] = [];
  const names = new Set<string>();
  if (!spec.containers?.length) errors.push(requiredError(`${path}.containers`));
  for (const [index, container] of (spec.containers ?? []).entries()) {
    const at = `${path}.containers[${index}]`;
    errors.push(...validateContainer(container, at, parts));
    errors.push(...validateContainerHooks(container, at, spec.terminationGracePeriodSeconds ?? 0));
    errors.push(...checkName(container, at, names));
  }
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const at = `${path}.initContainers[${index}]`;
    errors.push(...validateContainer(container, at, parts), ...checkName(container, at, names));
    if (container.restartPolicy === 'Always')
      errors.push(...validateContainerHooks(container, at, spec.terminationGracePeriodSeconds ?? 0));
    else {
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
        if (container[field])
          errors.push(
            forbiddenError(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always'),
          );
      }
    }
  }
  return [...errors, ...validateHostPorts(spec, path)];
}

function checkName({ name }: Container, path: string, names: Set<string>): FieldError[] {
  if (!name) return [];
  if (names.has(name)) return [duplicateError(`${path}.name`, name)];
  names.add(name);
  return [];
}

function validateContainer(container: Container, path: string, parts: PodParts): FieldError[] {
  const errors: FieldError[] = [];
  if (!container.name) errors.push(requiredError(`${path}.name`));
  else errors.push(...invalidErrors(`${path}.name`, container.name, dns1123Label(container.name)));
  if (!container.image) errors.push(requiredError(`${path}.image`));
  else if (container.image !== container.image.trim())
    errors.push(invalidError(`${path}.image`, container.image, 'must not have leading or trailing whitespace'));
  if (!MESSAGE_POLICIES.includes(container.terminationMessagePolicy ?? '')) {
    errors.push(
      notSupportedError(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, MESSAGE_POLICIES),
    );
  }
  if (container.ports) errors.push(...validatePorts(container.ports, `${path}.ports`, parts.spec.hostNetwork === true));
  if (container.env) errors.push(...validateEnv(container.env, `${path}.env`));
  if (container.envFrom) errors.push(...validateEnvFrom(container.envFrom, `${path}.envFrom`));
  errors.push(...validateMounts(container, path, parts), ...validateDevices(container, path, parts));
  if (!PULL_POLICIES.includes(container.imagePullPolicy ?? '')) {
    errors.push(notSupportedError(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES));
  }
  if (container.resources) errors.push(...validateResources(container.resources, `${path}.resources`, parts.claims));
  if (container.resizePolicy) errors.push(...validateResizePolicy(container, `${path}.resizePolicy`));
  if (container.securityContext)
    errors.push(...validateContainerSecurity(container.securityContext, `${path}.securityContext`));
  return errors;
}

function validateResizePolicy({ resizePolicy = [] }: Container, path: string): FieldError[] {
  const seen = new Set<string>();
  return resizePolicy.flatMap(({ resourceName, restartPolicy }, index) => {
    const errors: FieldError[] = [];
    if (seen.has(resourceName)) errors.push(duplicateError(`${path}[${index}]`, resourceName));
    seen.add(resourceName);
    if (resourceName !== 'cpu' && resourceName !== 'memory')
      errors.push(resourceName ? notSupportedError(path, resourceName, ['cpu', 'memory']) : requiredError(path));
    if (restartPolicy !== 'NotRequired' && restartPolicy !== 'RestartContainer') {
      errors.push(
        restartPolicy
          ? notSupportedError(path, restartPolicy, ['NotRequired', 'RestartContainer'])
          : requiredError(path),
      );
    }
    return errors;
  });
}

function validatePorts(ports: readonly ContainerPort[], path: string, hostNetwork: boolean): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    if (port.name) {
      const texts = portName(port.name);
      errors.push(...invalidErrors(`${at}.name`, port.name, texts));
      if (texts.length === 0 && names.has(port.name)) errors.push(duplicateError(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(requiredError(`${at}.containerPort`));
    else errors.push(...invalidErrors(`${at}.containerPort`, port.containerPort, portNumber(port.containerPort)));
    if (port.hostPort) {
      errors.push(...invalidErrors(`${at}.hostPort`, port.hostPort, portNumber(port.hostPort)));
      if (hostNetwork && port.hostPort !== port.containerPort) {
        errors.push(
          invalidError(`${at}.hostPort`, port.hostPort, 'must match `containerPort` when `hostNetwork` is true'),
        );
      }
    }
    if (!port.protocol) errors.push(requiredError(`${at}.protocol`));
    else if (!PROTOCOLS.includes(port.protocol))
      errors.push(notSupportedError(`${at}.protocol`, port.protocol, PROTOCOLS));
    return errors;
  });
}

/** One host port serves one container of the pod. */
function validateHostPorts(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, container] of (spec.containers ?? []).entries()) {
    for (const [at, { hostPort, hostIP = '', protocol }] of (container.ports ?? []).entries()) {
      if (!hostPort) continue;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (seen.has(key)) errors.push(duplicateError(`${path}.containers[${index}].ports[${at}].hostPort`, key));
      seen.add(key);
    }
  }
  return errors;
}

function validateMounts(
  { volumeMounts = [], volumeDevices = [], securityContext }: Container,
  path: string,
  { volumes }: PodParts,
): FieldError[] {
  const paths = new Set<string>();
  const devices = new Set(volumeDevices.map((device) => device.name));
  const devicePaths = new Set(volumeDevices.map((device) => device.devicePath));
  return volumeMounts.flatMap((mount, index) => {
    const at = `${path}.volumeMounts[${index}]`;
    const errors: FieldError[] = [];
    if (!mount.name) errors.push(requiredError(`${at}.name`));
    if (!mount.mountPath) errors.push(requiredError(`${at}.mountPath`));
    if (!volumes.has(mount.name)) errors.push(notFoundError(`${at}.name`, mount.name));
    if (paths.has(mount.mountPath)) errors.push(invalidError(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    paths.add(mount.mountPath);
    if (devices.has(mount.name))
      errors.push(invalidError(`${at}.name`, mount.name, 'must not already exist in volumeDevices'));
    if (devicePaths.has(mount.mountPath))
      errors.push(
        invalidError(`${at}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices'),
      );
    return [
      ...errors,
      ...validateSubPath(mount, at),
      ...validatePropagation(mount, `${path}.volumeMounts`, securityContext?.privileged === true),
    ];
  });
}

function validateSubPath(mount: VolumeMount, path: string): FieldError[] {
  const errors = mount.subPath ? localPath(mount.subPath, `${path.replace(/\[\d+\]$/, '')}.subPath`) : [];
  if (mount.subPathExpr) {
    if (mount.subPath)
      errors.push(
        invalidError(`${path}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'),
      );
    errors.push(...localPath(mount.subPathExpr, `${path.replace(/\[\d+\]$/, '')}.subPathExpr`));
  }
  return errors;
}

/** A path below the volume's root. Upstream: validateLocalDescendingPath. */
export function localPath(value: string, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (value.startsWith('/')) errors.push(invalidError(path, value, 'must be a relative path'));
  if (value.split('/').includes('..')) errors.push(invalidError(path, value, "must not contain '..'"));
  return errors;
}

function validatePropagation(mount: VolumeMount, path: string, privileged: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const mode = mount.mountPropagation;
  if (mode !== undefined) {
    if (!PROPAGATIONS.includes(mode)) errors.push(notSupportedError(`${path}.mountPropagation`, mode, PROPAGATIONS));
    if (mode === 'Bidirectional' && !privileged) {
      errors.push(
        forbiddenError(
          `${path}.mountPropagation`,
          'Bidirectional mount propagation is available only to privileged containers',
        ),
      );
    }
  }
  if (mount.recursiveReadOnly !== undefined && mount.recursiveReadOnly !== 'Disabled' && mount.readOnly !== true) {
    errors.push(forbiddenError(`${path}.recursiveReadOnly`, 'may only be specified when readOnly is true'));
  }
  return errors;
}

function validateDevices(
  { volumeDevices = [], volumeMounts = [] }: Container,
  path: string,
  { volumes, blockVolumes }: PodParts,
): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounted = new Set(volumeMounts.map((mount) => mount.name));
  return volumeDevices.flatMap(({ name, devicePath }, index) => {
    const at = `${path}.volumeDevices[${index}]`;
    const errors: FieldError[] = [];
    if (!name) errors.push(requiredError(`${at}.name`));
    if (!devicePath) errors.push(requiredError(`${at}.devicePath`));
    if (names.has(name)) errors.push(invalidError(`${at}.name`, name, 'must be unique'));
    if (!volumes.has(name)) errors.push(notFoundError(`${at}.name`, name));
    else if (!blockVolumes.has(name)) {
      errors.push(
        invalidError(
          `${at}.name`,
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      );
    }
    if (paths.has(devicePath)) errors.push(invalidError(`${at}.devicePath`, devicePath, 'must be unique'));
    if (devicePath?.split('/').includes('..'))
      errors.push(invalidError(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    if (mounted.has(name)) errors.push(invalidError(`${at}.name`, name, 'must not already exist in volumeMounts'));
    names.add(name);
    paths.add(devicePath);
    return errors;
  });
}
