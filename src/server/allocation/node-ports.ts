/** Node ports and health check ports of one Service. Upstream: registry/core/service/storage/alloc.go. */
import type { Random } from '../../base/random.ts';
import type { Service, ServicePort } from '../../kinds/index.ts';
import type { ClusterSettings } from '../../machinery/kind.ts';
import { internalError, invalid, type StatusError } from '../../machinery/status.ts';
import type { Store } from '../../storage/contract.ts';
import { pickOffset, portOffsets } from './address-range.ts';

export interface NodePortDeps {
  /** Nothing is kept, so that any number will do to show; upstream then minds the range no more either. */
  dryRun: boolean;
  settings: ClusterSettings;
  random: Random;
}

const PREFIX = 'nodePort/';
const TAKEN = 'provided port is already allocated';
const MAX_PICKS = 14;

/** A number that was given out here and may be given up again. */
interface Pick {
  port: number;
  /** Service ports that use it; empty for the health check port. */
  entries: ServicePort[];
}

/** Protocols of the entries before by their node port, and the number that another protocol of the same port has. */
interface SeenPorts {
  seen: Map<number, Set<string | undefined>>;
  shared: number | undefined;
}

/** What ports one write holds. A port is one claim, whatever its protocols, since only one Service may use it. */
export class NodePortPlan {
  readonly #deps: NodePortDeps;
  readonly #service: Service | undefined;
  readonly #old: Service | undefined;
  readonly #picks: Pick[] = [];
  #tries = 0;
  /** The ports of the Service and what it was given since. */
  #used: Set<number> | undefined;
  /** The highest of them, where nothing is kept. */
  #highest: number | undefined;

  /** `service` is undefined when the Service goes. */
  constructor(service: Service | undefined, old: Service | undefined, deps: NodePortDeps) {
    this.#deps = deps;
    this.#service = service;
    this.#old = old;
    if (!service) return;
    if (usesNodePorts(service)) this.#planPorts(service.spec?.ports ?? []);
    this.#planHealthCheck(service);
  }

  /** As the kind claims them (see kinds/core/v1/service), so that a refusal finds its way here. */
  get claims(): readonly string[] {
    return [...new Set(portsOf(this.#service))].map((port) => `${PREFIX}${port}`);
  }

  /** Another Service holds the port of `claim`: gives out another one, or throws when the client asked for it. */
  retry(claim: string): void {
    const port = Number(claim.slice(PREFIX.length));
    const pick = this.#picks.find((one) => one.port === port);
    if (!pick) throw this.#taken(port);
    pick.port = this.#random();
    for (const entry of pick.entries) entry.nodePort = pick.port;
    if (pick.entries.length === 0 && this.#service?.spec) this.#service.spec.healthCheckNodePort = pick.port;
  }

  /** Throws when a port that the client asked for is held by another Service. */
  async checkDry(store: Store): Promise<void> {
    const held = new Set(portsOf(this.#old));
    const picked = new Set(this.#picks.map((pick) => pick.port));
    const wanted = portsOf(this.#service).filter((port) => !held.has(port) && !picked.has(port));
    if (wanted.length === 0) return;
    const page = await store.shardOf('services').list({ resource: 'services' });
    if (!page.ok) throw internalError(`services could not be listed: ${page.why}`);
    const taken = new Set((JSON.parse(`[${page.text}]`) as Service[]).flatMap(portsOf));
    for (const port of wanted) if (taken.has(port)) throw this.#taken(port);
  }

  #planPorts(ports: ServicePort[]): void {
    const seen: SeenPorts['seen'] = new Map();
    const requested = requestedPorts(ports);
    const given = new Map<number, Pick>();
    // One number serves all protocols of a service port.
    const byPort = new Map<number, number>();
    ports.forEach((entry, index) => {
      if (!entry.nodePort && !allocatesNodePorts(this.#service)) return;
      const shared = byPort.get(entry.port);
      if (!entry.nodePort) entry.nodePort = shared ?? requested.get(entry.port) ?? this.#give(entry, given);
      if (shared === entry.nodePort) given.get(shared)?.entries.push(entry);
      this.#checkRequested(entry, index, { seen, shared });
      byPort.set(entry.port, byPort.get(entry.port) ?? entry.nodePort);
    });
  }

  #checkRequested({ nodePort = 0, protocol }: ServicePort, index: number, { seen, shared }: SeenPorts): void {
    const [first, last] = this.#deps.settings.nodePortRange;
    if (!this.#deps.dryRun && (nodePort < first || nodePort > last)) {
      const why = `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
      throw this.#invalidPort(index, nodePort, why);
    }
    const same = seen.get(nodePort);
    if (same && (same.has(protocol) || shared !== nodePort)) throw this.#invalidPort(index, nodePort, TAKEN);
    if (same) same.add(protocol);
    else seen.set(nodePort, new Set([protocol]));
  }

  #planHealthCheck(service: Service): void {
    const { spec } = service;
    if (spec.type !== 'LoadBalancer' || spec.externalTrafficPolicy !== 'Local') return;
    const [first, last] = this.#deps.settings.nodePortRange;
    const wanted = spec.healthCheckNodePort;
    if (!wanted) {
      const pick: Pick = { port: this.#random(), entries: [] };
      this.#picks.push(pick);
      spec.healthCheckNodePort = pick.port;
      return;
    }
    if (!this.#deps.dryRun && (wanted < first || wanted > last)) {
      throw healthCheckError(
        wanted,
        `provided port is not in the valid range. The range of valid ports is ${first}-${last}`,
      );
    }
    if (spec.ports?.some((entry) => entry.nodePort === wanted)) throw healthCheckError(wanted, TAKEN);
  }

  #give(entry: ServicePort, given: Map<number, Pick>): number {
    const pick: Pick = { port: this.#random(), entries: [entry] };
    this.#picks.push(pick);
    given.set(pick.port, pick);
    return pick.port;
  }

  /** A port that this Service does not use yet. */
  #random(): number {
    const [first, last] = this.#deps.settings.nodePortRange;
    this.#used ??= new Set(portsOf(this.#service));
    if (this.#deps.dryRun) {
      this.#highest ??= this.#used.size === 0 ? last + 1 : highestOf(this.#used);
      return ++this.#highest;
    }
    while (this.#tries++ < MAX_PICKS * 8) {
      const port = first + pickOffset(portOffsets(last - first + 1), this.#tries, this.#deps.random);
      if (this.#used.has(port)) continue;
      this.#used.add(port);
      return port;
    }
    throw internalError('failed to allocate a nodePort: range is full');
  }

  #taken(port: number): StatusError {
    const spec = this.#service?.spec;
    const index = spec?.ports?.findIndex((entry) => entry.nodePort === port) ?? -1;
    return index >= 0 ? this.#invalidPort(index, port, TAKEN) : healthCheckError(port, TAKEN);
  }

  #invalidPort(index: number, port: number, why: string): StatusError {
    return invalid({ group: '', kind: 'Service' }, this.#service?.metadata.name ?? '', [
      { type: 'FieldValueInvalid', field: `spec.ports[${index}].nodePort`, message: `Invalid value: ${port}: ${why}` },
    ]);
  }
}

const healthCheckError = (port: number, why: string): StatusError =>
  internalError(`failed to allocate requested HealthCheck NodePort ${port}: ${why}`);

const usesNodePorts = ({ spec }: Service): boolean => spec?.type === 'NodePort' || spec?.type === 'LoadBalancer';

const allocatesNodePorts = (service: Service | undefined): boolean =>
  service?.spec?.type === 'NodePort' ||
  (service?.spec?.type === 'LoadBalancer' && service.spec.allocateLoadBalancerNodePorts !== false);

const highestOf = (ports: ReadonlySet<number>): number => [...ports].reduce((a, b) => Math.max(a, b), 0);

/** The node ports that entries ask for, by service port; the first where several do. */
function requestedPorts(ports: readonly ServicePort[]): Map<number, number> {
  const requested = new Map<number, number>();
  for (const { port, nodePort } of ports) if (nodePort && !requested.has(port)) requested.set(port, nodePort);
  return requested;
}

function portsOf(service: Service | undefined): number[] {
  const spec = service?.spec;
  const ports = (spec?.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []));
  return spec?.healthCheckNodePort ? [...ports, spec.healthCheckNodePort] : ports;
}
