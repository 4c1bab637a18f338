import { describe, expect, it } from 'vitest';
import type { PodSpec } from '../../../src/kinds/index.ts';
import { policyOf, violationOf } from '../../../src/server/admission/pod-security/policy.ts';

const GOOD: PodSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    { name: 'a', image: 'i', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } },
  ],
};

const check = (level: 'baseline' | 'restricted', spec: PodSpec, version = 'latest', annotations = {}) =>
  violationOf({ level, version }, { name: 'p', annotations }, spec);

/** GOOD with its container changed. */
const container = (change: object): PodSpec => ({
  ...GOOD,
  containers: [{ ...(GOOD.containers?.[0] as { name: string }), ...change }],
});

describe('pod security', () => {
  it('finds nothing wrong with a restricted pod, at any version', () => {
    for (const version of ['latest', 'v1.0', 'v1.24', 'v1.36', 'v1.999']) {
      expect(check('restricted', GOOD, version)).toBeUndefined();
    }
  });

  const baseline: [string, PodSpec, string][] = [
    ['host namespaces', { ...GOOD, hostIPC: true }, 'host namespaces (hostIPC=true)'],
    ['host paths', { ...GOOD, volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
    [
      'proc mounts',
      container({ securityContext: { procMount: 'Unmasked' } }),
      'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'seccomp',
      { ...GOOD, securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'sysctls',
      { ...GOOD, securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      'host ports',
      container({ ports: [{ containerPort: 80, hostPort: 80 }] }),
      'hostPort (container "a" uses hostPort 80)',
    ],
  ];
  it.each(baseline)('refuses %s at the baseline level and above', (_what, spec, text) => {
    expect(check('baseline', spec)).toBe(`violate PodSecurity "baseline:latest": ${text}`);
    expect(check('restricted', spec)).toContain('violate PodSecurity "restricted:latest"');
  });

  it('relaxes what is harmless in a user namespace, from v1.35 on', () => {
    const unmasked = { ...container({ securityContext: { procMount: 'Unmasked' } }), hostUsers: false };
    expect(check('baseline', unmasked)).toBeUndefined();
    expect(check('baseline', unmasked, 'v1.34')).toBeDefined();
    const root = {
      ...GOOD,
      hostUsers: false,
      securityContext: { ...GOOD.securityContext, runAsNonRoot: false, runAsUser: 0 },
    };
    expect(check('restricted', root)).toBeUndefined();
  });

  it('lets an unknown level of a label count as restricted, and an unknown version as the latest', () => {
    const labels = {
      'pod-security.kubernetes.io/enforce': 'nonsense',
      'pod-security.kubernetes.io/enforce-version': 'x',
    };
    expect(policyOf(labels).enforce).toEqual({ level: 'restricted', version: 'latest' });
    expect(policyOf({}).enforce.level).toBe('privileged');
  });

  it('counts AppArmor annotations', () => {
    const annotations = { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' };
    expect(check('baseline', GOOD, 'latest', annotations)).toContain('annotation must not set AppArmor profile type');
    const fine = { 'container.apparmor.security.beta.kubernetes.io/a': 'localhost/x' };
    expect(check('baseline', GOOD, 'latest', fine)).toBeUndefined();
  });
});
