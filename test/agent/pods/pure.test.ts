import { describe, expect, test } from 'vitest';
import { Backoff } from '../../../src/agent/pods/backoff.ts';
import { hostsFile, podDns } from '../../../src/agent/pods/dns.ts';
import { expand } from '../../../src/agent/pods/expand.ts';
import { podField, resourceField } from '../../../src/agent/pods/field-ref.ts';
import { parseImage, withDefaultTag } from '../../../src/agent/pods/image-reference.ts';
import { oomScoreAdj, qosClass } from '../../../src/agent/pods/qos.ts';
import { linuxResources } from '../../../src/agent/pods/resources.ts';
import { serviceVariables } from '../../../src/agent/pods/service-env.ts';
import { statusPatch } from '../../../src/agent/pods/status-sink.ts';
import { refusalOf } from '../../../src/agent/pods/unsupported.ts';
import { tokenRefreshAt } from '../../../src/agent/volumes/projected.ts';
import type { Container, Pod, PodSpec, Service } from '../../../src/kinds/index.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const pod = (spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod => ({
  metadata: { name: 'p', namespace: 'ns', uid: 'u', ...metadata },
  spec: { containers: [{ name: 'c' }], ...spec },
});
const resources = (requests?: Record<string, string>, limits?: Record<string, string>): Container => ({
  name: 'c',
  resources: { ...(requests ? { requests } : {}), ...(limits ? { limits } : {}) },
});

describe('$(NAME)', () => {
  const values: Record<string, string> = { A: '1', EMPTY: '' };
  test.each([
    ['$(A)', '1'],
    ['x$(A)y$(A)', 'x1y1'],
    ['$(B)', '$(B)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$(EMPTY)', ''],
    ['$A', '$A'],
    ['$(A', '$(A'],
    ['$', '$'],
  ])('%s becomes %s', (text, result) => expect(expand(text, (name) => values[name])).toBe(result));
});

describe('quality of service', () => {
  test.each([
    [resources(), 'BestEffort', 1000],
    [resources({ cpu: '100m', memory: '64Mi' }), 'Burstable', 993],
    [resources({ cpu: '1', memory: '1Gi' }, { cpu: '1000m', memory: '1024Mi' }), 'Guaranteed', -997],
    [resources(undefined, { cpu: '1', memory: '1Gi' }), 'Guaranteed', -997],
    [resources(undefined, { memory: '1Gi' }), 'Burstable', 999],
    [resources({ memory: '0' }), 'BestEffort', 1000],
  ])('%j is %s', (container, qos, score) => {
    const subject = pod({ containers: [container] });
    expect(qosClass(subject)).toBe(qos);
    expect(oomScoreAdj(subject, container, 8 * 1024 ** 3)).toBe(score);
  });

  test('requests and limits become shares, quota and a memory limit', () => {
    const container = resources({ cpu: '250m' }, { cpu: '500m', memory: '64Mi' });
    expect(linuxResources(pod({ containers: [container] }), container, 1024 ** 3)).toMatchObject({
      cpuShares: 256,
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      memoryLimitInBytes: 67_108_864,
    });
    expect(linuxResources(pod(), resources(), 1024 ** 3)).toEqual({ cpuShares: 2, oomScoreAdj: 1000 });
  });
});

describe('fields of a pod', () => {
  const facts = { hostIPs: ['192.0.2.1'], podIPs: ['10.0.0.1', 'fd00::1'], nodeName: 'n' };
  const subject = pod({ serviceAccountName: 'sa' }, { labels: { b: '2', a: 'x"y' }, annotations: { 'k/x': 'v' } });
  test.each([
    ['metadata.name', 'p'],
    ["metadata.labels['a']", 'x"y'],
    ["metadata.annotations['k/x']", 'v'],
    ["metadata.labels['none']", ''],
    ['metadata.labels', 'a="x\\"y"\nb="2"'],
    ['spec.nodeName', 'n'],
    ['spec.serviceAccountName', 'sa'],
    ['status.hostIP', '192.0.2.1'],
    ['status.podIPs', '10.0.0.1,fd00::1'],
    ['spec.hostname', undefined],
  ])('%s', (path, value) => expect(podField(subject, path, facts)).toBe(value));

  test.each([
    ['limits.cpu', '1m', '1500'],
    ['limits.cpu', undefined, '2'],
    ['requests.memory', '1Mi', '64'],
    ['limits.memory', '1Gi', '8'],
    ['limits.pods', undefined, undefined],
  ])('%s by %s', (resource, divisor, value) => {
    const container = resources({ memory: '64Mi' }, { cpu: '1500m' });
    const selector = { resource, ...(divisor ? { divisor } : {}) };
    expect(resourceField(container, selector, { cpu: '4', memory: '8Gi' })).toBe(value);
  });
});

describe('names of images', () => {
  test.each([
    ['busybox', { domain: 'docker.io', path: 'library/busybox' }],
    ['team/app:1.2', { domain: 'docker.io', path: 'team/app', tag: '1.2' }],
    ['localhost/app', { domain: 'localhost', path: 'app' }],
    ['host.test:5000/a/b:c', { domain: 'host.test:5000', path: 'a/b', tag: 'c' }],
    ['App', undefined],
    ['a::b', undefined],
    ['', undefined],
  ])('%s', (text, reference) => expect(parseImage(text)).toEqual(reference));
  test('a name without a tag means the latest', () => {
    expect(withDefaultTag('busybox')).toBe('busybox:latest');
    expect(withDefaultTag(`busybox@sha256:${'a'.repeat(64)}`)).toBe(`busybox@sha256:${'a'.repeat(64)}`);
    expect(withDefaultTag('host.test:5000/app')).toBe('host.test:5000/app:latest');
  });
});

test('variables of services are those of the namespace and of default/kubernetes', () => {
  const service = (name: string, clusterIP: string, ports: object[]): Service =>
    ({ metadata: { name }, spec: { clusterIP, ports } }) as Service;
  const own = [
    service('my-db', '10.96.0.7', [{ name: 'sql', port: 5432 }]),
    service('headless', 'None', [{ port: 1 }]),
  ];
  const inDefault = [
    service('kubernetes', '10.96.0.1', [{ name: 'https', port: 443, protocol: 'TCP' }]),
    service('other', '10.96.0.9', [{ port: 1 }]),
  ];
  expect(Object.fromEntries(serviceVariables(pod(), own, inDefault))).toMatchObject({
    MY_DB_SERVICE_HOST: '10.96.0.7',
    MY_DB_SERVICE_PORT: '5432',
    MY_DB_SERVICE_PORT_SQL: '5432',
    MY_DB_PORT: 'tcp://10.96.0.7:5432',
    MY_DB_PORT_5432_TCP_ADDR: '10.96.0.7',
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_SERVICE_PORT_HTTPS: '443',
  });
  const names = [...serviceVariables(pod({ enableServiceLinks: false }), own, inDefault).keys()];
  expect(names.every((name) => name.startsWith('KUBERNETES_'))).toBe(true);
});

describe('name resolution in a pod', () => {
  const node = {
    name: 'n',
    hostIPs: [],
    memoryCapacity: 0,
    allocatable: {},
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    resolvConf: '/dev/null',
    podsDir: '',
    logsDir: '',
  };
  test('asks the cluster first', async () => {
    expect(await podDns(pod(), node)).toEqual({
      servers: ['10.96.0.10'],
      searches: ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      options: ['ndots:5'],
    });
  });
  test('asks the host with the network of the host, and nobody with None', async () => {
    const none = { servers: [], searches: [], options: [] };
    expect(await podDns(pod({ hostNetwork: true }), node)).toEqual(none);
    const own = { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }] };
    expect(await podDns(pod({ dnsPolicy: 'None', dnsConfig: own }), node)).toEqual({
      servers: ['1.1.1.1'],
      searches: [],
      options: ['ndots:2'],
    });
  });
  test('knows itself and its aliases', () => {
    const subject = pod({ hostname: 'h', subdomain: 's', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] });
    const text = hostsFile(subject, ['10.0.0.1'], { clusterDomain: 'cluster.local', hostFile: '' });
    expect(text).toContain('10.0.0.1\th.s.ns.svc.cluster.local\th\n');
    expect(text).toContain('1.2.3.4\ta\tb\n');
  });
});

test('waits double up to their bound', () => {
  const clock = createManualClock();
  const backoff = new Backoff(clock, 10, 40);
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    backoff.next('k');
    waits.push(backoff.remainingSinceUpdate('k'));
    clock.advance(waits.at(-1) ?? 0);
  }
  expect(waits).toEqual([10, 20, 40, 40]);
  expect(backoff.remainingSinceUpdate('k')).toBe(0);
});

describe('a change of status', () => {
  const condition = (type: string, status: string, more = {}) => ({ type, status, lastTransitionTime: 't', ...more });
  test('is nothing when only the order of fields differs', () => {
    expect(
      statusPatch(
        { phase: 'Running', podIP: '1', hostIPs: [{ ip: 'x' }] },
        { hostIPs: [{ ip: 'x' }], podIP: '1', phase: 'Running' },
      ),
    ).toBeUndefined();
  });
  test('names removed reasons with null and leaves other conditions alone', () => {
    const known = {
      conditions: [condition('Ready', 'False', { reason: 'ContainersNotReady' }), condition('Own', 'True')],
    };
    const wanted = { conditions: [condition('Ready', 'True'), condition('Own', 'True')] };
    expect(statusPatch(known, wanted)).toEqual({
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: 't', reason: null }],
      '$setElementOrder/conditions': [{ type: 'Ready' }, { type: 'Own' }],
    });
  });
});

test('a token is replaced after 80 % of its life, at the latest after a day', () => {
  expect(tokenRefreshAt({ token: '', issuedAt: 0, expiresAt: 3_600_000 })).toBe(2_880_000);
  expect(tokenRefreshAt({ token: '', issuedAt: 0, expiresAt: 7 * 86_400_000 })).toBe(86_400_000);
});

describe('a pod is refused', () => {
  test.each([
    [{ hostUsers: false }, 'user namespaces'],
    [{ runtimeClassName: 'gvisor' }, 'runtimeClassName "gvisor"'],
    [
      { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'x' } }] },
      'volume "d" of type persistentVolumeClaim',
    ],
    [{ containers: [{ name: 'c', securityContext: { seccompProfile: { type: 'Localhost' } } }] }, 'seccomp profiles'],
    [{ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }, 'forbidden sysctl: "kernel.msgmax"'],
  ])('for %j', (spec, words) => expect(refusalOf(pod(spec as Partial<PodSpec>))?.message).toContain(words));
  test('but not for what the node can do', () => {
    expect(refusalOf(pod({ volumes: [{ name: 'e', emptyDir: {} }], hostNetwork: true }))).toBeUndefined();
  });
});
