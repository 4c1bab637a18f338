/** Containers of a pod spec. Upstream: core/validation validateContainers, validateInitContainers. */
import { sentEmpty } from '../../../../machinery/explicit-empty.ts';
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
  tooManyError,
} from '../../../../machinery/validation/index.ts';
import type { Container, ContainerPort, EphemeralContainer, PodSpec } from '../../../generated/types/core-v1.ts';
import { oneOf, validatePullPolicy } from './validate-choice.ts';
import { validateEnv, validateEnvFrom } from './validate-env.ts';
import { validateDevices, validateMounts } from './validate-mounts.ts';
import { validateContainerHooks } from './validate-probes.ts';
import { claimNames, validateResources } from './validate-resources.ts';
import { validateContainerSecurity } from './validate-security.ts';
import type { KnownVolumes } from './validate-volumes.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const RESIZED = ['cpu', 'memory'];
const RESIZE_POLICIES = ['NotRequired', 'RestartContainer'];
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];
const RESTART_ACTIONS = ['Restart', 'RestartAllContainers'];
const EXIT_OPERATORS = ['In', 'NotIn'];
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

/** What containers refer to in their pod. */
interface PodParts {
  spec: PodSpec;
  volumes: KnownVolumes;
  claims: ReadonlySet<string>;
}

export function validateContainers(spec: PodSpec, path: string, volumes: KnownVolumes): FieldError[] {
  const parts: PodParts = { spec, volumes, claims: claimNames(spec) };
  const errors = validateRegular(parts, `${path}.containers`);
  if (spec.initContainers) errors.push(...validateInit(parts, `${path}.initContainers`));
  if (spec.ephemeralContainers) errors.push(...validateEphemeral(parts, `${path}.ephemeralContainers`));
  return errors;
}

function validateRegular(parts: PodParts, path: string): FieldError[] {
  const { containers, terminationGracePeriodSeconds: grace } = parts.spec;
  if (!containers?.length) return [requiredError(path)];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const at = `${path}[${index}]`;
    errors.push(...validateContainer(container, at, parts));
    if (names.has(container.name)) errors.push(duplicateError(`${at}.name`, container.name));
    names.add(container.name);
    errors.push(...validateContainerHooks(container, at, grace), ...validateRestartRules(container, at));
  }
  return [...errors, ...validateHostPorts(containers, path)];
}

const NOT_STARTED = 'may not be set for init containers without restartPolicy=Always';

function validateInit(parts: PodParts, path: string): FieldError[] {
  const names = new Set((parts.spec.containers ?? []).map((container) => container.name));
  return (parts.spec.initContainers ?? []).flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const errors = [...validateContainer(container, at, parts), ...validateInitRestart(container, at)];
    if (names.has(container.name)) errors.push(duplicateError(`${at}.name`, container.name));
    else if (container.name) names.add(container.name);
    errors.push(...validateHostPorts([container], path));
    if (container.restartPolicy === 'Always')
      return [...errors, ...validateContainerHooks(container, at, parts.spec.terminationGracePeriodSeconds)];
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
      if (container[field]) errors.push(forbiddenError(`${at}.${field}`, NOT_STARTED));
    for (const [place, { restartPolicy }] of (container.resizePolicy ?? []).entries()) {
      const why = "must not be set to 'RestartContainer' for non-sidecar initContainers";
      if (restartPolicy === 'RestartContainer')
        errors.push(invalidError(`${at}.resizePolicy[${place}].restartPolicy`, restartPolicy, why));
    }
    return errors;
  });
}

const NO_POLICY = 'must specify restartPolicy when restart rules are used';

/** Rules without a policy are not looked into here. Upstream: validateInitContainerRestartPolicy. */
const validateInitRestart = (container: Container, path: string): FieldError[] =>
  container.restartPolicy === undefined && container.restartPolicyRules?.length
    ? [requiredError(`${path}.restartPolicy`, NO_POLICY)]
    : validateRestartRules(container, path);

const NOT_EPHEMERAL = 'cannot be set for an Ephemeral Container';

function validateEphemeral(parts: PodParts, path: string): FieldError[] {
  const { containers, initContainers = [], ephemeralContainers = [] } = parts.spec;
  const others = new Set([...(containers ?? []), ...initContainers].map((container) => container.name));
  const names = new Set(others);
  return ephemeralContainers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const errors = [...validateContainer(container as Container, at, parts), ...validateTrimmed(container, at)];
    if (names.has(container.name)) errors.push(duplicateError(`${at}.name`, container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.push(notFoundError(`${at}.targetContainerName`, target));
    return [...errors, ...validateEphemeralFields(container, at)];
  });
}

/** Fields that would make a pod depend on a container that never restarts. */
function validateEphemeralFields(container: EphemeralContainer, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { ports, resources = {}, resizePolicy, restartPolicy, restartPolicyRules, lifecycle } = container;
  const { livenessProbe, readinessProbe, startupProbe } = container;
  const isSet = (list: object | undefined, owner: object, field: string): boolean =>
    list !== undefined || sentEmpty(owner, field) !== null;
  const set = {
    ports: isSet(ports, container, 'ports'),
    resources: (['limits', 'requests', 'claims'] as const).some((field) => isSet(resources[field], resources, field)),
    resizePolicy: isSet(resizePolicy, container, 'resizePolicy'),
    restartPolicy: restartPolicy !== undefined,
    restartPolicyRules: isSet(restartPolicyRules, container, 'restartPolicyRules'),
    livenessProbe,
    readinessProbe,
    startupProbe,
    lifecycle,
  };
  for (const [field, value] of Object.entries(set))
    if (value) errors.push(forbiddenError(`${path}.${field}`, NOT_EPHEMERAL));
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    for (const field of ['subPath', 'subPathExpr'] as const)
      if (mount[field]) errors.push(forbiddenError(`${path}.volumeMounts[${index}].${field}`, NOT_EPHEMERAL));
  }
  return errors;
}

/** Templates may hold images with blanks, which some take for a mark; pods may not. */
export const validateTrimmed = ({ image = '' }: Pick<Container, 'image'>, path: string): FieldError[] =>
  image === image.trim() ? [] : [invalidError(`${path}.image`, image, 'must not have leading or trailing whitespace')];

function validateContainer(container: Container, path: string, parts: PodParts): FieldError[] {
  const errors: FieldError[] = [];
  if (!container.name) errors.push(requiredError(`${path}.name`));
  else errors.push(...invalidErrors(`${path}.name`, container.name, dns1123Label(container.name)));
  if (!container.image) errors.push(requiredError(`${path}.image`));
  errors.push(...oneOf(container.terminationMessagePolicy, MESSAGE_POLICIES, `${path}.terminationMessagePolicy`));
  if (container.ports) errors.push(...validatePorts(container.ports, `${path}.ports`));
  if (container.env) errors.push(...validateEnv(container.env, `${path}.env`));
  if (container.envFrom) errors.push(...validateEnvFrom(container.envFrom, `${path}.envFrom`));
  if (container.volumeMounts) errors.push(...validateMounts(container, path, parts.volumes));
  if (container.volumeDevices) errors.push(...validateDevices(container, path, parts.volumes));
  errors.push(...validatePullPolicy(container.imagePullPolicy, `${path}.imagePullPolicy`));
  if (container.resources) errors.push(...validateResources(container.resources, `${path}.resources`, parts.claims));
  if (container.resizePolicy) errors.push(...validateResize(container, `${path}.resizePolicy`, parts.spec));
  if (container.securityContext)
    errors.push(...validateContainerSecurity(container.securityContext, `${path}.securityContext`, parts.spec));
  return errors;
}

function validateResize({ resizePolicy = [] }: Container, path: string, spec: PodSpec): FieldError[] {
  const seen = new Set<string>();
  return resizePolicy.flatMap(({ resourceName, restartPolicy }, index) => {
    const errors: FieldError[] = [];
    if (seen.has(resourceName)) errors.push(duplicateError(`${path}[${index}]`, resourceName));
    seen.add(resourceName);
    errors.push(...oneOf(resourceName, RESIZED, path), ...oneOf(restartPolicy, RESIZE_POLICIES, path));
    if (spec.restartPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(invalidError(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
    return errors;
  });
}

/** Upstream: validateContainerRestartPolicy. */
function validateRestartRules(
  { restartPolicy, restartPolicyRules: rules = [] }: Container,
  path: string,
): FieldError[] {
  const policy = `${path}.restartPolicy`;
  const errors: FieldError[] = [];
  if (restartPolicy === undefined) {
    if (rules.length > 0) errors.push(requiredError(policy, NO_POLICY));
  } else if (!RESTART_POLICIES.includes(restartPolicy))
    errors.push(notSupportedError(policy, restartPolicy, RESTART_POLICIES));
  if (rules.length > MAX_RULES) errors.push(tooManyError(`${path}.restartPolicyRules`, rules.length, MAX_RULES));
  for (const [index, { action = '', exitCodes }] of rules.entries()) {
    const at = `${path}.restartPolicyRules[${index}]`;
    if (!RESTART_ACTIONS.includes(action)) errors.push(notSupportedError(`${at}.action`, action, RESTART_ACTIONS));
    if (!exitCodes) {
      errors.push(requiredError(`${at}.exitCodes`, 'must be specified'));
      continue;
    }
    const { operator = '' } = exitCodes;
    if (!EXIT_OPERATORS.includes(operator))
      errors.push(notSupportedError(`${at}.exitCodes.operator`, operator, EXIT_OPERATORS));
    const count = exitCodes.values?.length ?? 0;
    if (count > MAX_EXIT_CODES) errors.push(tooManyError(`${at}.exitCodes.values`, count, MAX_EXIT_CODES));
  }
  return errors;
}

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
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
    if (port.hostPort) errors.push(...invalidErrors(`${at}.hostPort`, port.hostPort, portNumber(port.hostPort)));
    errors.push(...oneOf(port.protocol, PROTOCOLS, `${at}.protocol`));
    return errors;
  });
}

/** One host port serves one container. The path of an init container's port is that of the first, as upstream's. */
function validateHostPorts(containers: readonly Container[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, container] of containers.entries()) {
    for (const [at, { hostPort, hostIP = '', protocol }] of (container.ports ?? []).entries()) {
      if (!hostPort) continue;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (seen.has(key)) errors.push(duplicateError(`${path}[${index}].ports[${at}].hostPort`, key));
      seen.add(key);
    }
  }
  return errors;
}
