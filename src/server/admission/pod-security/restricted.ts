/** Checks of the restricted level. Upstream: pod-security-admission/policy. */
import type { Container, Volume } from '../../../kinds/index.ts';
import { unmaskedProc } from './baseline.ts';
import {
  type Check,
  type CheckInput,
  isInUserNamespace,
  isWindows,
  named,
  plural,
  quoteAll,
  setters,
  sortedSet,
} from './check.ts';

const VOLUMES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

export const restrictedChecks: readonly Check[] = [
  { id: 'allowPrivilegeEscalation', level: 'restricted', since: 8, run: privilegeEscalation },
  {
    id: 'capabilities_restricted',
    level: 'restricted',
    since: 22,
    replaces: 'capabilities_baseline',
    run: capabilities,
  },
  { id: 'procMount_restricted', level: 'restricted', since: 35, replaces: 'procMount', run: unmaskedProc },
  { id: 'restrictedVolumes', level: 'restricted', since: 0, replaces: 'hostPathVolumes', run: volumes },
  { id: 'runAsNonRoot', level: 'restricted', since: 0, run: runAsNonRoot },
  { id: 'runAsUser', level: 'restricted', since: 23, run: runAsUser },
  {
    id: 'seccompProfile_restricted',
    level: 'restricted',
    since: 19,
    replaces: 'seccompProfile_baseline',
    run: seccomp,
  },
];

function privilegeEscalation(input: CheckInput) {
  if (isWindows(input)) return undefined;
  const bad = input.containers.filter(({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${named(bad)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

function capabilities(input: CheckInput) {
  if (isWindows(input)) return undefined;
  const added = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE');
  const keeps = input.containers.filter(({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'));
  const adds = input.containers.filter((container) => added(container).length > 0);
  const parts: string[] = [];
  if (keeps.length > 0) parts.push(`${named(keeps)} must set securityContext.capabilities.drop=["ALL"]`);
  if (adds.length > 0) {
    const names = quoteAll(sortedSet(adds.flatMap(added)));
    parts.push(`${named(adds)} must not include ${names} in securityContext.capabilities.add`);
  }
  return parts.length > 0 ? { reason: 'unrestricted capabilities', detail: parts.join('; ') } : undefined;
}

function volumes({ spec }: CheckInput) {
  const type = ({ name: _name, ...sources }: Volume): string =>
    Object.entries(sources).find(([, value]) => value !== undefined && value !== null)?.[0] ?? 'unknown';
  const bad = (spec.volumes ?? []).filter((volume) => !VOLUMES.has(type(volume)));
  if (bad.length === 0) return undefined;
  const types = sortedSet(bad.map(type));
  const names = quoteAll(bad.map((volume) => volume.name));
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', bad.length)} ${names} ${bad.length === 1 ? 'uses' : 'use'} restricted volume ${plural('type', types.length)} ${quoteAll(types)}`,
  };
}

function runAsNonRoot(input: CheckInput) {
  if (isInUserNamespace(input)) return undefined;
  const pod = input.spec.securityContext?.runAsNonRoot;
  const bad = input.containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === false);
  const open = input.containers.filter(({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (pod === false || bad.length > 0) {
    const detail = `${setters(pod === false, bad)} must not set securityContext.runAsNonRoot=false`;
    return { reason: 'runAsNonRoot != true', detail };
  }
  if (pod === true || open.length === 0) return undefined;
  return { reason: 'runAsNonRoot != true', detail: `pod or ${named(open)} must set securityContext.runAsNonRoot=true` };
}

function runAsUser(input: CheckInput) {
  if (isInUserNamespace(input)) return undefined;
  const pod = input.spec.securityContext?.runAsUser === 0;
  const bad = input.containers.filter(({ securityContext }) => securityContext?.runAsUser === 0);
  if (!pod && bad.length === 0) return undefined;
  return { reason: 'runAsUser=0', detail: `${setters(pod, bad)} must not set runAsUser=0` };
}

function seccomp(input: CheckInput) {
  if (isWindows(input)) return undefined;
  const isGood = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost';
  const pod = input.spec.securityContext?.seccompProfile?.type;
  const podBad = pod !== undefined && !isGood(pod);
  const type = ({ securityContext }: Container): string | undefined => securityContext?.seccompProfile?.type;
  const bad = input.containers.filter((one) => type(one) !== undefined && !isGood(type(one)));
  if (podBad || bad.length > 0) {
    const values = quoteAll(sortedSet([...(podBad ? [pod] : []), ...bad.map((one) => type(one) as string)]));
    const detail = `${setters(podBad, bad)} must not set securityContext.seccompProfile.type to ${values}`;
    return { reason: 'seccompProfile', detail };
  }
  const open = input.containers.filter((one) => type(one) === undefined);
  if (isGood(pod) || open.length === 0) return undefined;
  const detail = `pod or ${named(open)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason: 'seccompProfile', detail };
}
