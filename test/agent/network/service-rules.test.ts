import { describe, expect, it } from 'vitest';
import { gatewayOf } from '../../../src/agent/network/cni.ts';
import { endpointsOfPort } from '../../../src/agent/network/endpoints.ts';
import { createNftTable } from '../../../src/agent/network/nft.ts';
import { diffRulesets } from '../../../src/agent/network/ruleset.ts';
import { serviceRules } from '../../../src/agent/network/service-rules.ts';
import { staleFlows, udpTargets } from '../../../src/agent/network/udp-flows.ts';
import type { EndpointSlice, Service } from '../../../src/kinds/index.ts';
import { service, slice } from './build.ts';

const context = {
  node: 'n1',
  clusterCIDR: '10.244.0.0/16',
  overrides: new Map<string, { ip: string; port: number }>(),
};
const rules = (services: Service[], slices: Record<string, EndpointSlice[]>) =>
  serviceRules({ ...context, services, slices: new Map(Object.entries(slices)) });

describe('the endpoints that get traffic', () => {
  const web = service('web', '10.96.1.1');
  const port = web.spec?.ports?.[0] as never;
  const of = (endpoints: Parameters<typeof slice>[1], owner = web) =>
    endpointsOfPort(owner, port, { slices: [slice('web', endpoints)], node: 'n1' }).cluster.map((one) => one.ip);
  const endpoint = (ip: string, conditions: object) => ({ addresses: [ip], conditions });

  it('are the ready ones', () => {
    expect(
      of([endpoint('10.0.0.1', { ready: true }), endpoint('10.0.0.2', { ready: false }), endpoint('10.0.0.3', {})]),
    ).toEqual(['10.0.0.1', '10.0.0.3']);
  });
  it('are those that end but still serve when none is ready', () => {
    const ending = endpoint('10.0.0.1', { ready: false, serving: true, terminating: true });
    expect(of([ending, endpoint('10.0.0.2', { ready: false, serving: false, terminating: true })])).toEqual([
      '10.0.0.1',
    ]);
    expect(of([ending, endpoint('10.0.0.9', { ready: true })])).toEqual(['10.0.0.9']);
  });
  it('are all that do not end where the service publishes them', () => {
    const publishing = service('web', '10.96.1.1', { spec: { publishNotReadyAddresses: true } });
    expect(of([endpoint('10.0.0.1', { ready: false })], publishing)).toEqual(['10.0.0.1']);
  });
  it('count once when two slices name them', () => {
    const twice = { slices: [slice('web', ['10.0.0.1']), slice('web', ['10.0.0.1'])], node: 'n1' };
    expect(endpointsOfPort(web, port, twice).cluster).toHaveLength(1);
  });
});

describe('the rules of services', () => {
  it('are none for headless services and external names', () => {
    const external = service('ext', '', { spec: { type: 'ExternalName', externalName: 'example.org' } });
    expect(rules([service('headless', 'None'), external], {}).chains.size).toBe(0);
  });

  it('send a port that the agent serves to its listener, unless the service has pods of its own', () => {
    const dns = service('kube-dns', '10.96.0.10', { port: { port: 53, protocol: 'UDP' } });
    const overrides = new Map([['default/kube-dns:53/UDP', { ip: '10.244.1.1', port: 53 }]]);
    const own = serviceRules({ ...context, overrides, services: [dns], slices: new Map() });
    expect([...own.chains.values()].flat().join()).not.toContain('10.244.1.1');
    const { selector: _, ...spec } = dns.spec ?? {};
    const served = serviceRules({ ...context, overrides, services: [{ ...dns, spec }], slices: new Map() });
    expect([...served.chains.values()].flat().join()).toContain('dnat to 10.244.1.1:53');
  });

  it('keep load balancer addresses to the source ranges', () => {
    const lb = service('lb', '10.96.1.1', {
      spec: { type: 'LoadBalancer', loadBalancerSourceRanges: ['192.0.2.0/24', ' 198.51.100.0/24'] },
    });
    const balanced = { ...lb, status: { loadBalancer: { ingress: [{ ip: '203.0.113.5' }] } } };
    const made = rules([balanced], { 'default/lb': [slice('lb', ['10.244.1.2'])] });
    const firewall = [...made.chains].find(([name]) => name.startsWith('fw-'))?.[1];
    expect(firewall?.[0]).toBe('ip saddr != { 192.0.2.0/24, 198.51.100.0/24 } drop');
    expect(made.elements.get('service-ips')?.get('203.0.113.5 . tcp . 80')).toMatch(/^goto fw-/);
  });
});

describe('a change of the rules', () => {
  const before = rules([service('web', '10.96.1.1'), service('other', '10.96.1.2')], {
    'default/web': [slice('web', ['10.244.1.2'])],
    'default/other': [slice('other', ['10.244.1.9'])],
  });
  const after = rules([service('web', '10.96.1.1'), service('other', '10.96.1.2')], {
    'default/web': [slice('web', ['10.244.1.3'])],
    'default/other': [slice('other', ['10.244.1.9'])],
  });

  it('is empty when nothing changed', () =>
    expect(diffRulesets('t', before, before)).toEqual({ script: '', cleanup: '' }));

  it('touches what changed and nothing else, and deletes after use', () => {
    const { script, cleanup } = diffRulesets('t', before, after);
    expect(script).toContain('dnat to 10.244.1.3:8080');
    expect(script).not.toContain('10.244.1.9');
    expect(script).not.toContain('element');
    expect(cleanup).toMatch(/^delete chain ip t ep-[0-9a-f]+$/);
  });

  it('writes the whole table anew when the kernel has another one', async () => {
    const scripts: string[] = [];
    let fail = false;
    const table = createNftTable(
      { table: 't', bridge: 'b', podCIDR: '10.244.1.0/24', clusterCIDR: '10.244.0.0/16', serviceCIDR: '10.96.0.0/16' },
      async (script) => {
        scripts.push(script);
        if (fail && !script.includes('delete table')) throw new Error('No such file or directory');
      },
    );
    await table.apply(before);
    fail = true;
    await table.apply(after);
    expect(scripts).toHaveLength(3);
    expect(scripts[2]).toMatch(/^table ip t\ndelete table ip t\n/);
    expect(scripts[2]).toContain('dnat to 10.244.1.3:8080');
  });
});

describe('flows of UDP', () => {
  const dns = service('dns', '10.96.1.7', { port: { port: 53, protocol: 'UDP' } });
  const targets = (endpoints: string[]) =>
    udpTargets({
      services: [dns],
      slices: new Map([['default/dns', [slice('dns', endpoints, { protocol: 'UDP' })]]]),
      node: 'n1',
    });
  it('are forgotten when their endpoint is gone or their service gets its first', () => {
    expect(staleFlows(targets(['10.0.0.1', '10.0.0.2']), targets(['10.0.0.2']))).toEqual([
      ['-D', '-p', 'udp', '--orig-dst', '10.96.1.7', '--dst-nat', '10.0.0.1'],
    ]);
    expect(staleFlows(targets([]), targets(['10.0.0.2']))).toEqual([
      ['-D', '-p', 'udp', '--orig-dst', '10.96.1.7', '--dport', '53'],
    ]);
    expect(staleFlows(targets(['10.0.0.2']), targets(['10.0.0.2']))).toEqual([]);
  });
});

describe('the gateway of a pod range', () => {
  it('is its first address', () => {
    expect(gatewayOf('10.244.3.0/24')).toEqual({ address: '10.244.3.1', prefix: 24 });
    expect(gatewayOf('10.244.3.77/26')).toEqual({ address: '10.244.3.65', prefix: 26 });
  });
  it.each(['10.244.0.0', '10.244.0.0/31', '300.0.0.0/24', 'fd00::/64', ''])('is refused for %j', (range) => {
    expect(() => gatewayOf(range)).toThrow(/no IPv4 range/);
  });
});
