/** The answers of the cluster's zone. Pure. Specification: Kubernetes DNS-based service discovery, version 1.1.0. */
import type { Answer } from 'dns-packet';
import type { EndpointSlice, Service } from '../../kinds/index.ts';

export interface Zone {
  /** `cluster.local`. */
  domain: string;
  /** By `namespace/name`. */
  services: ReadonlyMap<string, Service>;
  /** By `namespace/name` of the service. */
  slices: ReadonlyMap<string, readonly EndpointSlice[]>;
  /** False until services and slices are known completely. */
  synced: boolean;
  /** Address of this server, which the zone's NS record names. */
  address: string;
}

export interface LocalAnswer {
  /** False: the name does not exist. */
  exists: boolean;
  answers: Answer[];
  additionals: Answer[];
  /** Name outside the zone that the answers end at (ExternalName) and whose addresses the client wants as well. */
  chase?: string;
}

/** Seconds that clients may keep an answer. */
const TTL = 5;
const WEIGHT = 100;

const nothing: LocalAnswer = { exists: false, answers: [], additionals: [] };
const noData: LocalAnswer = { exists: true, answers: [], additionals: [] };
const found = (answers: Answer[], additionals: Answer[] = []): LocalAnswer => ({ exists: true, answers, additionals });

/** The zone's SOA record, which goes with every negative answer. */
export function startOfAuthority(domain: string): Answer {
  return {
    type: 'SOA',
    name: domain,
    ttl: TTL,
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: TTL,
    },
  };
}

/** Answers a question of the zone; undefined when the name is not in it. `name` is in lower case, without final dot. */
export function answerZone(zone: Zone, name: string, type: string): LocalAnswer | undefined {
  const { domain } = zone;
  if (name.endsWith('.in-addr.arpa')) return answerReverse(zone, name, type);
  if (name === domain) return answerApex(zone, type);
  if (!name.endsWith(`.${domain}`)) return undefined;
  const labels = name.slice(0, -domain.length - 1).split('.');
  const kind = labels.at(-1);
  if (name === `dns-version.${domain}`) {
    return type === 'TXT' || type === 'ANY' ? found([{ type: 'TXT', name, ttl: TTL, data: '1.1.0' }]) : noData;
  }
  if (name === `ns.dns.${domain}`) return type === 'A' ? found([address(name, zone.address)]) : noData;
  if (kind === 'svc') return answerService(zone, labels.slice(0, -1), { name, type });
  if (kind === 'pod') return answerPod(labels.slice(0, -1), { name, type });
  return nothing;
}

interface Question {
  name: string;
  type: string;
}

const address = (name: string, ip: string): Answer => ({ type: 'A', name, ttl: TTL, data: ip });
const isIPv4 = (ip: string | undefined): ip is string => ip !== undefined && /^\d+\.\d+\.\d+\.\d+$/.test(ip);
const wants = (question: Question, type: string): boolean => question.type === type || question.type === 'ANY';

function answerApex(zone: Zone, type: string): LocalAnswer {
  const { domain } = zone;
  if (type === 'SOA') return found([startOfAuthority(domain)]);
  if (type === 'NS')
    return found(
      [{ type: 'NS', name: domain, ttl: TTL, data: `ns.dns.${domain}` }],
      [address(`ns.dns.${domain}`, zone.address)],
    );
  return noData;
}

/** `labels` are those before `svc`: `NAMESPACE`, `SERVICE.NAMESPACE`, `HOST.SERVICE.NAMESPACE`, `_PORT._PROTO.SERVICE.NAMESPACE`. */
function answerService(zone: Zone, labels: string[], question: Question): LocalAnswer {
  const namespace = labels.at(-1);
  if (namespace === undefined) return noData;
  if (labels.length === 1) return hasNamespace(zone, namespace) ? noData : nothing;
  const serviceName = labels.at(-2) as string;
  const key = `${namespace}/${serviceName}`;
  const service = zone.services.get(key);
  if (!service) return nothing;
  const target = `${serviceName}.${namespace}.svc.${zone.domain}`;
  const slices = zone.slices.get(key) ?? [];
  if (labels.length === 2) return answerName(service, slices, { ...question, target });
  if (service.spec?.type === 'ExternalName') return nothing;
  const [first = '', second = ''] = labels;
  if (labels.length === 4 && first.startsWith('_') && second.startsWith('_')) {
    return answerPort({ service, slices, target }, { port: first.slice(1), protocol: second.slice(1) }, question);
  }
  if (labels.length === 3 && first.startsWith('_')) return hasProtocol(service, first.slice(1)) ? noData : nothing;
  if (labels.length !== 3) return nothing;
  const hosts = endpointHosts(service, slices).filter((host) => host.host === first);
  if (hosts.length === 0) return nothing;
  return wants(question, 'A') ? found(hosts.map((host) => address(question.name, host.ip))) : noData;
}

function hasNamespace(zone: Zone, namespace: string): boolean {
  for (const key of zone.services.keys()) if (key.startsWith(`${namespace}/`)) return true;
  return false;
}

const hasProtocol = (service: Service, protocol: string): boolean =>
  service.spec?.ports?.some((port) => (port.protocol ?? 'TCP').toLowerCase() === protocol) ?? false;

const isHeadless = (service: Service): boolean => service.spec?.clusterIP === 'None';

function answerName(
  service: Service,
  slices: readonly EndpointSlice[],
  question: Question & { target: string },
): LocalAnswer {
  const { name } = question;
  if (service.spec?.type === 'ExternalName') {
    const external = (service.spec.externalName ?? '').replace(/\.$/, '');
    if (!external) return nothing;
    return { ...found([{ type: 'CNAME', name, ttl: TTL, data: external }]), chase: external };
  }
  if (wants(question, 'SRV')) {
    const all = (service.spec?.ports ?? []).map((port) => ({
      port: port.name ?? '',
      protocol: (port.protocol ?? 'TCP').toLowerCase(),
    }));
    const parts = all.map((port) =>
      answerPort({ service, slices, target: question.target }, port, { ...question, type: 'SRV' }),
    );
    return found(
      parts.flatMap((part) => part.answers),
      parts.flatMap((part) => part.additionals),
    );
  }
  if (isHeadless(service)) {
    const ips = [...new Set(endpointHosts(service, slices).map((host) => host.ip))];
    if (ips.length === 0 && slices.length === 0) return noData;
    return wants(question, 'A') ? found(ips.map((ip) => address(name, ip))) : noData;
  }
  const ips = [...new Set([service.spec?.clusterIP, ...(service.spec?.clusterIPs ?? [])])].filter(isIPv4);
  return wants(question, 'A') ? found(ips.map((ip) => address(name, ip))) : noData;
}

interface EndpointHost {
  host: string;
  ip: string;
  slice: EndpointSlice;
}

/** Endpoints that have a name of their own: those that are ready, or all where the service publishes the others. */
function endpointHosts(service: Service, slices: readonly EndpointSlice[]): EndpointHost[] {
  const hosts: EndpointHost[] = [];
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    for (const endpoint of slice.endpoints ?? []) {
      const ready = endpoint.conditions?.ready ?? true;
      if (!ready && service.spec?.publishNotReadyAddresses !== true) continue;
      for (const ip of endpoint.addresses ?? [])
        hosts.push({ host: endpoint.hostname || ip.replaceAll('.', '-'), ip, slice });
    }
  }
  return hosts;
}

interface ServiceContext {
  service: Service;
  slices: readonly EndpointSlice[];
  target: string;
}

function answerPort(
  context: ServiceContext,
  wanted: { port: string; protocol: string },
  question: Question,
): LocalAnswer {
  const { service, slices, target } = context;
  const matches = (port: { name?: string; protocol?: string }) =>
    (port.name ?? '') === wanted.port && (port.protocol ?? 'TCP').toLowerCase() === wanted.protocol;
  const srv = (host: string, port: number): Answer => ({
    type: 'SRV',
    name: question.name,
    ttl: TTL,
    data: { priority: 0, weight: WEIGHT, port, target: host },
  });
  if (!isHeadless(service)) {
    const ports = (service.spec?.ports ?? []).filter(matches);
    if (ports.length === 0) return nothing;
    if (!wants(question, 'SRV')) return noData;
    const ips = [service.spec?.clusterIP].filter(isIPv4);
    return found(
      ports.map((port) => srv(target, port.port ?? 0)),
      ips.map((ip) => address(target, ip)),
    );
  }
  const answers: Answer[] = [];
  const additionals: Answer[] = [];
  for (const host of endpointHosts(service, slices)) {
    for (const port of (host.slice.ports ?? []).filter(matches)) {
      if (port.port === undefined) continue;
      answers.push(srv(`${host.host}.${target}`, port.port));
      additionals.push(address(`${host.host}.${target}`, host.ip));
    }
  }
  if (answers.length === 0) return nothing;
  return wants(question, 'SRV') ? found(answers, additionals) : noData;
}

/** `1-2-3-4.NAMESPACE.pod.DOMAIN`. */
function answerPod(labels: string[], question: Question): LocalAnswer {
  if (labels.length < 2) return noData;
  const match = /^(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})$/.exec(labels[0] ?? '');
  const octets = match?.slice(1) ?? [];
  if (labels.length !== 2 || !match || octets.some((octet) => Number(octet) > 255)) return nothing;
  return wants(question, 'A') ? found([address(question.name, octets.join('.'))]) : noData;
}

/** Names of service and endpoint addresses; addresses of others are not the cluster's to answer. */
function answerReverse(zone: Zone, name: string, type: string): LocalAnswer | undefined {
  const ip = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.');
  if (!isIPv4(ip)) return undefined;
  const names: string[] = [];
  for (const [key, service] of zone.services) {
    const [namespace, serviceName] = key.split('/');
    const target = `${serviceName}.${namespace}.svc.${zone.domain}`;
    if (service.spec?.clusterIP === ip) names.push(target);
    if (!isHeadless(service)) continue;
    for (const host of endpointHosts(service, zone.slices.get(key) ?? []))
      if (host.ip === ip) names.push(`${host.host}.${target}`);
  }
  if (names.length === 0) return undefined;
  return type === 'PTR' || type === 'ANY'
    ? found(names.map((data): Answer => ({ type: 'PTR', name, ttl: TTL, data })))
    : noData;
}
