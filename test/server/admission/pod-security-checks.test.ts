/** For each check of each level and version of the pod security standards, pods that pass and pods that fail. */
import { describe, expect, it } from 'vitest';
import type { Pod, PodSpec } from '../../../src/kinds/index.ts';
import { violationOf } from '../../../src/server/admission/pod-security/policy.ts';

type Level = 'baseline' | 'restricted';
type Security = Record<string, unknown>;

/** A pod that the strictest level allows at every version, changed. */
interface Change {
  spec?: PodSpec;
  pod?: Security;
  container?: Security;
  containerFields?: object;
  annotations?: Record<string, string>;
}

interface Fixture {
  check: string;
  level: Level;
  /** Minor versions at which `fail` fails: from, and up to before. */
  from?: number;
  until?: number;
  fail: readonly Change[];
  pass: readonly Change[];
  says: string;
}

const WINDOWS: PodSpec = { os: { name: 'windows' } } as PodSpec;
const USER_NAMESPACE: PodSpec = { hostUsers: false } as PodSpec;
const http = (host?: string) => ({ httpGet: { port: 80, ...(host === undefined ? {} : { host }) } });
const volume = (source: object): Change => ({ spec: { volumes: [{ name: 'v', ...source }] } as PodSpec });
const sysctl = (name: string): Change => ({ pod: { sysctls: [{ name, value: '1' }] } });
const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod';

const FIXTURES: readonly Fixture[] = [
  {
    check: 'appArmorProfile',
    level: 'baseline',
    fail: [
      { pod: { appArmorProfile: { type: 'Unconfined' } } },
      { container: { appArmorProfile: { type: 'Unconfined' } } },
      { annotations: { 'container.apparmor.security.beta.kubernetes.io/main': 'unconfined' } },
    ],
    pass: [
      { pod: { appArmorProfile: { type: 'RuntimeDefault' } } },
      { container: { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } } },
      { annotations: { 'container.apparmor.security.beta.kubernetes.io/main': 'runtime/default' } },
      { annotations: { 'container.apparmor.security.beta.kubernetes.io/main': 'localhost/x' } },
    ],
    says: 'forbidden AppArmor profile',
  },
  {
    check: 'capabilities_baseline',
    level: 'baseline',
    fail: [{ container: { capabilities: { drop: ['ALL'], add: ['NET_RAW'] } } }],
    pass: [{ container: { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } } }],
    says: 'capabilities',
  },
  {
    check: 'hostNamespaces',
    level: 'baseline',
    fail: [{ spec: { hostNetwork: true } }, { spec: { hostPID: true } }, { spec: { hostIPC: true } }],
    pass: [{ spec: { hostNetwork: false, hostPID: false, hostIPC: false } }],
    says: 'host namespaces',
  },
  {
    check: 'hostPathVolumes',
    level: 'baseline',
    fail: [volume({ hostPath: { path: '/' } })],
    pass: [volume({ emptyDir: {} })],
    says: '"v"',
  },
  {
    check: 'hostPorts',
    level: 'baseline',
    fail: [{ containerFields: { ports: [{ containerPort: 80, hostPort: 8080 }] } }],
    pass: [{ containerFields: { ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 0 }] } }],
    says: 'hostPort (container "main" uses hostPort 8080)',
  },
  {
    check: 'hostProbesAndHostLifecycle',
    level: 'baseline',
    from: 34,
    fail: [
      { containerFields: { livenessProbe: http('1.2.3.4') } },
      { containerFields: { readinessProbe: { tcpSocket: { port: 80, host: '1.2.3.4' } } } },
      { containerFields: { startupProbe: http('1.2.3.4') } },
      { containerFields: { lifecycle: { preStop: http('1.2.3.4') } } },
      { containerFields: { lifecycle: { postStart: { tcpSocket: { port: 80, host: '1.2.3.4' } } } } },
    ],
    pass: [{ containerFields: { livenessProbe: http(), lifecycle: { preStop: http('') } } }],
    says: 'host "1.2.3.4"',
  },
  {
    check: 'privileged',
    level: 'baseline',
    fail: [{ container: { privileged: true } }],
    pass: [{ container: { privileged: false } }],
    says: 'privileged (container "main" must not set securityContext.privileged=true)',
  },
  {
    check: 'procMount',
    level: 'baseline',
    fail: [{ container: { procMount: 'Unmasked' } }],
    pass: [{ container: { procMount: 'Default' } }],
    says: 'procMount',
  },
  {
    check: 'procMount in a user namespace',
    level: 'baseline',
    until: 35,
    fail: [{ container: { procMount: 'Unmasked' }, spec: USER_NAMESPACE }],
    pass: [{ spec: USER_NAMESPACE }],
    says: 'procMount',
  },
  {
    check: 'seLinuxOptions',
    level: 'baseline',
    fail: [
      { pod: { seLinuxOptions: { type: 'spc_t' } } },
      { container: { seLinuxOptions: { user: 'u' } } },
      { pod: { seLinuxOptions: { role: 'r' } } },
    ],
    pass: [
      { pod: { seLinuxOptions: { type: 'container_t', level: 's0' } } },
      { container: { seLinuxOptions: { type: 'container_kvm_t' } } },
    ],
    says: 'seLinuxOptions',
  },
  {
    check: 'seLinuxOptions of container engines',
    level: 'baseline',
    until: 31,
    fail: [{ pod: { seLinuxOptions: { type: 'container_engine_t' } } }],
    pass: [{ pod: { seLinuxOptions: { type: 'container_init_t' } } }],
    says: 'type "container_engine_t"',
  },
  {
    check: 'seccompProfile_baseline by annotations',
    level: 'baseline',
    until: 19,
    fail: [
      { annotations: { [SECCOMP]: 'unconfined' } },
      { annotations: { 'container.seccomp.security.alpha.kubernetes.io/main': 'unconfined' } },
    ],
    pass: [{ annotations: { [SECCOMP]: 'localhost/x' } }, { annotations: { [SECCOMP]: 'runtime/default' } }],
    says: 'seccompProfile (forbidden annotation',
  },
  {
    check: 'seccompProfile_baseline',
    level: 'baseline',
    from: 19,
    fail: [
      { pod: { seccompProfile: { type: 'Unconfined' } } },
      { container: { seccompProfile: { type: 'Unconfined' } } },
    ],
    pass: [{ container: { seccompProfile: { type: 'Localhost', localhostProfile: 'x' } } }],
    says: 'seccompProfile',
  },
  {
    check: 'sysctls',
    level: 'baseline',
    fail: [sysctl('kernel.msgmax'), sysctl('net.core.somaxconn')],
    pass: [sysctl('kernel.shm_rmid_forced'), sysctl('net.ipv4.ip_unprivileged_port_start')],
    says: 'forbidden sysctls',
  },
  {
    check: 'sysctls since v1.27',
    level: 'baseline',
    until: 27,
    fail: [sysctl('net.ipv4.ip_local_reserved_ports')],
    pass: [sysctl('net.ipv4.tcp_syncookies')],
    says: 'forbidden sysctls',
  },
  {
    check: 'sysctls since v1.29',
    level: 'baseline',
    until: 29,
    fail: ['time', 'intvl', 'probes'].map((name) => sysctl(`net.ipv4.tcp_keepalive_${name}`)),
    pass: [sysctl('net.ipv4.ping_group_range')],
    says: 'forbidden sysctls',
  },
  {
    check: 'sysctls since v1.32',
    level: 'baseline',
    until: 32,
    fail: [sysctl('net.ipv4.tcp_rmem'), sysctl('net.ipv4.tcp_wmem')],
    pass: [sysctl('net.ipv4.ip_local_port_range')],
    says: 'forbidden sysctls',
  },
  {
    check: 'windowsHostProcess',
    level: 'baseline',
    fail: [
      { pod: { windowsOptions: { hostProcess: true } } },
      { container: { windowsOptions: { hostProcess: true } } },
    ],
    pass: [{ pod: { windowsOptions: { hostProcess: false } } }],
    says: 'hostProcess',
  },
  {
    check: 'allowPrivilegeEscalation',
    level: 'restricted',
    from: 8,
    fail: [{ container: { allowPrivilegeEscalation: true } }, { container: { allowPrivilegeEscalation: undefined } }],
    pass: [{ container: { allowPrivilegeEscalation: false } }],
    says: 'allowPrivilegeEscalation != false',
  },
  {
    check: 'allowPrivilegeEscalation on Windows',
    level: 'restricted',
    from: 8,
    until: 25,
    fail: [{ container: { allowPrivilegeEscalation: undefined }, spec: WINDOWS }],
    pass: [{ spec: WINDOWS }],
    says: 'allowPrivilegeEscalation != false',
  },
  {
    check: 'capabilities_restricted',
    level: 'restricted',
    from: 22,
    fail: [
      { container: { capabilities: undefined } },
      { container: { capabilities: { drop: ['NET_RAW'] } } },
      { container: { capabilities: { drop: ['ALL'], add: ['CHOWN'] } } },
    ],
    pass: [{ container: { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } } }],
    says: 'unrestricted capabilities',
  },
  {
    check: 'capabilities_restricted on Windows',
    level: 'restricted',
    from: 22,
    until: 25,
    fail: [{ container: { capabilities: undefined }, spec: WINDOWS }],
    pass: [{ spec: WINDOWS }],
    says: 'unrestricted capabilities',
  },
  {
    check: 'procMount_restricted',
    level: 'restricted',
    fail: [{ container: { procMount: 'Unmasked' }, spec: USER_NAMESPACE }],
    pass: [{ container: { procMount: 'Default' }, spec: USER_NAMESPACE }],
    says: 'procMount',
  },
  {
    check: 'restrictedVolumes',
    level: 'restricted',
    fail: [
      volume({ hostPath: { path: '/' } }),
      volume({ nfs: { server: 's', path: '/' } }),
      volume({ gcePersistentDisk: { pdName: 'd' } }),
    ],
    pass: [
      volume({ configMap: { name: 'c' } }),
      volume({ csi: { driver: 'd' } }),
      volume({ downwardAPI: {} }),
      volume({ emptyDir: {} }),
      volume({ ephemeral: {} }),
      volume({ image: { reference: 'i' } }),
      volume({ persistentVolumeClaim: { claimName: 'c' } }),
      volume({ projected: {} }),
      volume({ secret: { secretName: 's' } }),
    ],
    says: 'restricted volume types (volume "v" uses restricted volume type',
  },
  {
    check: 'runAsNonRoot',
    level: 'restricted',
    fail: [
      { pod: { runAsNonRoot: false } },
      { pod: { runAsNonRoot: undefined } },
      { container: { runAsNonRoot: false } },
    ],
    pass: [{ pod: { runAsNonRoot: undefined }, container: { runAsNonRoot: true } }],
    says: 'runAsNonRoot != true',
  },
  {
    check: 'runAsNonRoot in a user namespace',
    level: 'restricted',
    until: 35,
    fail: [{ pod: { runAsNonRoot: undefined }, spec: USER_NAMESPACE }],
    pass: [{ pod: { runAsNonRoot: true }, spec: USER_NAMESPACE }],
    says: 'runAsNonRoot != true',
  },
  {
    check: 'runAsUser',
    level: 'restricted',
    from: 23,
    fail: [{ pod: { runAsUser: 0 } }, { container: { runAsUser: 0 } }],
    pass: [{ pod: { runAsUser: 1 } }, { container: { runAsUser: 1000 } }],
    says: 'runAsUser=0',
  },
  {
    check: 'runAsUser in a user namespace',
    level: 'restricted',
    from: 23,
    until: 35,
    fail: [{ pod: { runAsUser: 0 }, spec: USER_NAMESPACE }],
    pass: [{ pod: { runAsUser: 1 }, spec: USER_NAMESPACE }],
    says: 'runAsUser=0',
  },
  {
    check: 'seccompProfile_restricted',
    level: 'restricted',
    from: 19,
    fail: [{ pod: { seccompProfile: undefined } }, { pod: { seccompProfile: { type: 'Unconfined' } } }],
    pass: [
      { pod: { seccompProfile: undefined }, container: { seccompProfile: { type: 'RuntimeDefault' } } },
      { pod: { seccompProfile: { type: 'Localhost', localhostProfile: 'x' } } },
    ],
    says: 'seccompProfile',
  },
  {
    check: 'seccompProfile_restricted on Windows',
    level: 'restricted',
    from: 19,
    until: 25,
    fail: [{ pod: { seccompProfile: undefined }, spec: WINDOWS }],
    pass: [{ spec: WINDOWS }],
    says: 'seccompProfile',
  },
];

const LATEST = 36;
const versions = Array.from({ length: LATEST + 1 }, (_, minor) => minor);

function podOf({ spec = {}, pod = {}, container = {}, containerFields = {}, annotations = {} }: Change) {
  const secure = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, ...container };
  const containers = [{ name: 'main', image: 'i', securityContext: secure, ...containerFields }];
  const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, ...pod };
  return { metadata: { name: 'p', annotations }, spec: { securityContext, containers, ...spec } as PodSpec };
}

const judge = (level: Level, version: string, { metadata, spec }: { metadata: Pod['metadata']; spec: PodSpec }) =>
  violationOf({ level, version }, metadata, spec);

describe.each(FIXTURES)('pod security check $check ($level)', ({ level, from = 0, until, fail, pass, says }) => {
  const fails = (minor: number): boolean => minor >= from && (until === undefined || minor < until);

  it.each(fail)('refuses %j at the versions that have it, and at no other', (change) => {
    const pod = podOf(change);
    for (const minor of versions) {
      const violation = judge(level, `v1.${minor}`, pod);
      if (!fails(minor)) expect(violation, `v1.${minor}`).toBeUndefined();
      else expect(violation, `v1.${minor}`).toContain(says);
      if (fails(minor) && level === 'baseline') expect(judge('restricted', `v1.${minor}`, pod)).toBeDefined();
    }
    expect(judge(level, 'latest', pod) === undefined).toBe(!fails(LATEST));
    expect(judge(level, 'v1.999', pod) === undefined).toBe(!fails(LATEST));
  });

  it.each(pass)('allows %j at every version', (change) => {
    for (const minor of versions) expect(judge(level, `v1.${minor}`, podOf(change)), `v1.${minor}`).toBeUndefined();
    expect(judge(level, 'latest', podOf(change))).toBeUndefined();
  });
});
