/** From security contexts to what the runtime is told. Upstream: kuberuntime/security_context.go. */
import type { Container, Pod, SeccompProfile } from '../../kinds/index.ts';
import type {
  ContainerSecurity,
  Image,
  NamespaceOptions,
  SandboxSecurity,
  SecurityProfile,
} from '../runtime/contract.ts';
import { ConfigError } from './config-error.ts';
import { containersOf } from './container-role.ts';

export function namespaceOptions(pod: Pod): NamespaceOptions {
  const spec = pod.spec ?? {};
  const pid = spec.hostPID ? 'NODE' : spec.shareProcessNamespace ? 'POD' : 'CONTAINER';
  return { network: spec.hostNetwork ? 'NODE' : 'POD', pid, ipc: spec.hostIPC ? 'NODE' : 'POD' };
}

function seccompOf(profile: SeccompProfile | undefined): SecurityProfile {
  if (profile?.type === 'RuntimeDefault') return { profileType: 'RuntimeDefault' };
  if (profile?.type === 'Localhost')
    throw new ConfigError('seccomp profiles of type Localhost are not supported by this node');
  return { profileType: 'Unconfined' };
}

function podGroups(pod: Pod): number[] {
  const { supplementalGroups = [], fsGroup } = pod.spec?.securityContext ?? {};
  return fsGroup === undefined ? [...supplementalGroups] : [...supplementalGroups, fsGroup];
}

const isPrivileged = (container: Container): boolean => container.securityContext?.privileged === true;

export function sandboxSecurity(pod: Pod): SandboxSecurity {
  const context = pod.spec?.securityContext;
  const security: SandboxSecurity = {
    namespaceOptions: namespaceOptions(pod),
    supplementalGroups: podGroups(pod),
    privileged: containersOf(pod).some(({ container }) => isPrivileged(container)),
    seccomp: { profileType: 'RuntimeDefault' },
  };
  if (context?.runAsUser !== undefined) security.runAsUser = context.runAsUser;
  if (context?.runAsGroup !== undefined && context.runAsUser !== undefined) security.runAsGroup = context.runAsGroup;
  return security;
}

function checkNonRoot(container: Container, pod: Pod, image: Image, runAsUser: number | undefined): void {
  const nonRoot = container.securityContext?.runAsNonRoot ?? pod.spec?.securityContext?.runAsNonRoot;
  if (!nonRoot) return;
  const where = `pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name}`;
  if (runAsUser === 0) {
    throw new ConfigError(`container's runAsUser breaks non-root policy (${where})`);
  }
  if (runAsUser !== undefined) return;
  if (image.uid === 0 || (image.uid === undefined && image.username === '')) {
    throw new ConfigError(`container has runAsNonRoot and image will run as root (${where})`);
  }
  if (image.uid === undefined) {
    throw new ConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root (${where})`,
    );
  }
}

/** Throws ConfigError when the image would run as root against the pod's wish. */
export function containerSecurity(pod: Pod, container: Container, image: Image): ContainerSecurity {
  const own = container.securityContext ?? {};
  const shared = pod.spec?.securityContext ?? {};
  const runAsUser = own.runAsUser ?? shared.runAsUser;
  const runAsGroup = own.runAsGroup ?? shared.runAsGroup;
  checkNonRoot(container, pod, image, runAsUser);
  const security: ContainerSecurity = {
    privileged: isPrivileged(container),
    namespaceOptions: namespaceOptions(pod),
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    supplementalGroups: podGroups(pod),
    noNewPrivs: own.allowPrivilegeEscalation === false,
    seccomp: seccompOf(own.seccompProfile ?? shared.seccompProfile),
  };
  if (own.capabilities?.add) security.addCapabilities = [...own.capabilities.add];
  if (own.capabilities?.drop) security.dropCapabilities = [...own.capabilities.drop];
  if (runAsUser !== undefined) security.runAsUser = runAsUser;
  else if (image.uid !== undefined) security.runAsUser = image.uid;
  else if (image.username !== '') security.runAsUsername = image.username;
  // CRI refuses a group without a user.
  if (runAsGroup !== undefined) {
    security.runAsGroup = runAsGroup;
    if (security.runAsUser === undefined && security.runAsUsername === undefined) security.runAsUser = 0;
  }
  return security;
}
