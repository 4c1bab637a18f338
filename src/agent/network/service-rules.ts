/** Services and their endpoints as nftables chains. Pure. Upstream: pkg/proxy/nftables/proxier.go syncProxyRules. */
import { createHash } from 'node:crypto';
import type { EndpointSlice, Service, ServicePort } from '../../kinds/index.ts';
import { Maps } from './base-table.ts';
import { type EndpointAddress, endpointsOfPort, type PortEndpoints } from './endpoints.ts';
import { emptyRuleset, type Ruleset } from './ruleset.ts';

export interface ServiceRulesInput {
  services: Iterable<Service>;
  /** Slices of a service, by `namespace/name`. */
  slices: ReadonlyMap<string, readonly EndpointSlice[]>;
  node: string;
  clusterCIDR: string;
  /** Ports that the agent itself serves: `namespace/name:port/PROTOCOL` to the address of its listener. */
  overrides: ReadonlyMap<string, { ip: string; port: number }>;
}

/** The rules for all services. Headless and ExternalName services have none. */
export function serviceRules(input: ServiceRulesInput): Ruleset {
  const rules = emptyRuleset();
  for (const name of Object.values(Maps)) rules.elements.set(name, new Map());
  for (const service of input.services) {
    const { spec } = service;
    if (!spec || spec.type === 'ExternalName' || !spec.clusterIP || spec.clusterIP === 'None') continue;
    const ip = [spec.clusterIP, ...(spec.clusterIPs ?? [])].find(isIPv4);
    if (!ip) continue;
    rules.elements.get(Maps.clusterIPs)?.set(ip, '');
    for (const port of spec.ports ?? []) addPort(rules, input, { service, port, ip });
  }
  return rules;
}

interface PortContext {
  service: Service;
  port: ServicePort;
  ip: string;
}

const isIPv4 = (ip: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(ip);
const nameOf = (service: Service): string => `${service.metadata.namespace}/${service.metadata.name}`;

function addPort(rules: Ruleset, input: ServiceRulesInput, context: PortContext): void {
  const { service, port, ip } = context;
  const protocol = (port.protocol ?? 'TCP').toLowerCase();
  const hash = shortHash(`${nameOf(service)}:${port.name ?? ''}:${protocol}:${port.port}`);
  // A selector means that somebody runs pods for it; those win.
  const own = service.spec?.selector === undefined;
  const override = own && input.overrides.get(`${nameOf(service)}:${port.port}/${protocol.toUpperCase()}`);
  const endpoints = override
    ? { cluster: [{ ...override, local: true }], local: [{ ...override, local: true }] }
    : endpointsOfPort(service, port, { slices: input.slices.get(nameOf(service)) ?? [], node: input.node });
  const chains = new PortChains(rules, { hash, protocol, service });

  const internal = service.spec?.internalTrafficPolicy === 'Local' ? endpoints.local : endpoints.cluster;
  const clusterKey = `${ip} . ${protocol} . ${port.port}`;
  if (internal.length > 0) {
    const target = chains.balance(internal === endpoints.local ? 'svl' : 'svc', internal);
    const offCluster = `ip saddr != ${input.clusterCIDR} jump mark-masquerade`;
    rules.chains.set(`int-${hash}`, override ? [`goto ${target}`] : [offCluster, `goto ${target}`]);
    rules.elements.get(Maps.services)?.set(clusterKey, `goto int-${hash}`);
  } else {
    const verdict = endpoints.cluster.length > 0 ? 'drop' : 'goto reject-new';
    rules.elements.get(Maps.noServices)?.set(clusterKey, verdict);
  }
  addExternal(rules, { ...context, hash, protocol, endpoints, chains, clusterCIDR: input.clusterCIDR });
}

interface ExternalContext extends PortContext {
  hash: string;
  protocol: string;
  endpoints: PortEndpoints;
  chains: PortChains;
  clusterCIDR: string;
}

/** Node port, external addresses and addresses of a load balancer. */
function addExternal(rules: Ruleset, context: ExternalContext): void {
  const { service, port, hash, protocol, endpoints } = context;
  const spec = service.spec ?? {};
  const addresses = [...(spec.externalIPs ?? []), ...loadBalancerIPs(service)].filter(isIPv4);
  if (!port.nodePort && addresses.length === 0) return;
  const keys = addresses.map((ip) => `${ip} . ${protocol} . ${port.port}`);
  const local = spec.externalTrafficPolicy === 'Local';
  const usable = local ? endpoints.local : endpoints.cluster;
  if (usable.length === 0) {
    // With endpoints elsewhere, silence lets a load balancer's retries reach another node.
    const verdict = endpoints.cluster.length > 0 ? 'drop' : 'goto reject-new';
    for (const key of keys) rules.elements.get(Maps.noServices)?.set(key, verdict);
    if (port.nodePort) rules.elements.get(Maps.noNodePorts)?.set(`${protocol} . ${port.nodePort}`, verdict);
    return;
  }
  const chain = `ext-${hash}`;
  rules.chains.set(chain, externalRules(context, local));
  if (port.nodePort) rules.elements.get(Maps.nodePorts)?.set(`${protocol} . ${port.nodePort}`, `goto ${chain}`);
  const ranges = (spec.loadBalancerSourceRanges ?? [])
    .map((range) => range.trim())
    .filter((range) => isIPv4(range.split('/')[0] ?? ''));
  const entry = ranges.length > 0 && addresses.length > 0 ? `fw-${hash}` : chain;
  if (entry !== chain) rules.chains.set(entry, [`ip saddr != { ${ranges.join(', ')} } drop`, `goto ${chain}`]);
  for (const key of keys) rules.elements.get(Maps.services)?.set(key, `goto ${entry}`);
}

function externalRules(context: ExternalContext, local: boolean): string[] {
  const { chains, endpoints, clusterCIDR } = context;
  if (!local) return ['jump mark-masquerade', `goto ${chains.balance('svc', endpoints.cluster)}`];
  const all = chains.balance('svc', endpoints.cluster);
  return [
    // Pods and the node itself reach the service as they would by its cluster address.
    `ip saddr ${clusterCIDR} goto ${all}`,
    'fib saddr type local jump mark-masquerade',
    `fib saddr type local goto ${all}`,
    `goto ${chains.balance('svl', endpoints.local)}`,
  ];
}

function loadBalancerIPs(service: Service): string[] {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  return ingress.flatMap((one) => (one.ip && one.ipMode !== 'Proxy' ? [one.ip] : []));
}

const DEFAULT_AFFINITY_SECONDS = 10_800;

/** Builds the chains of one service port that several entries share. */
class PortChains {
  #rules: Ruleset;
  #hash: string;
  #protocol: string;
  #affinity: number | undefined;

  constructor(rules: Ruleset, options: { hash: string; protocol: string; service: Service }) {
    this.#rules = rules;
    this.#hash = options.hash;
    this.#protocol = options.protocol;
    const { spec } = options.service;
    if (spec?.sessionAffinity === 'ClientIP') {
      this.#affinity = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
    }
  }

  /** A chain that spreads over `endpoints`; answers its name. */
  balance(prefix: 'svc' | 'svl', endpoints: readonly EndpointAddress[]): string {
    const name = `${prefix}-${this.#hash}`;
    if (this.#rules.chains.has(name)) return name;
    const targets = endpoints.map((endpoint) => this.#endpoint(endpoint));
    const sticky =
      this.#affinity === undefined ? [] : targets.map((target) => `ip saddr @aff-${target} goto ${target}`);
    const spread =
      targets.length === 1
        ? `goto ${targets[0]}`
        : `numgen random mod ${targets.length} vmap { ${targets.map((target, i) => `${i} : goto ${target}`).join(', ')} }`;
    this.#rules.chains.set(name, [...sticky, spread]);
    return name;
  }

  #endpoint({ ip, port }: EndpointAddress): string {
    const name = `ep-${shortHash(`${this.#hash}/${ip}:${port}`)}`;
    if (this.#rules.chains.has(name)) return name;
    // A pod that reaches itself must see the node as its peer, or the answer would not come back through the node.
    const lines = [`ip saddr ${ip} jump mark-masquerade`];
    if (this.#affinity !== undefined) {
      this.#rules.sets.set(`aff-${name}`, `{ type ipv4_addr; flags dynamic,timeout; timeout ${this.#affinity}s; }`);
      lines.push(`update @aff-${name} { ip saddr }`);
    }
    lines.push(`meta l4proto ${this.#protocol} dnat to ${ip}:${port}`);
    this.#rules.chains.set(name, lines);
    return name;
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
