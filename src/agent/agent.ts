/** A real node of a cluster, in this process. */
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Clock, delay, systemClock } from '../base/clock.ts';
import { type Random, systemRandom } from '../base/random.ts';
import { type Client, createClient } from '../client/index.ts';
import type { Service } from '../kinds/index.ts';
import { machineName } from '../machinery/machine-name.ts';
import { type Log, messageOf, silentLog } from './log.ts';
import { createNetwork, type Network } from './network/index.ts';
import { type Containerd, startContainerd } from './node/containerd.ts';
import { type Credential, keepRenewing, obtainCredential } from './node/credential.ts';
import { runImageCollection } from './node/image-collection.ts';
import { runLogRotation } from './node/log-rotation.ts';
import { defaultAddress, type Machine, readMachine, VERSION } from './node/machine.ts';
import { nodeReference } from './node/node-events.ts';
import { lockNetworkNamespace } from './node/node-lock.ts';
import { allocatableOf, type NodeFactsInput } from './node/node-object.ts';
import { NodeReporter } from './node/node-reporter.ts';
import { ensurePackages } from './node/packages.ts';
import { awaitRange, rememberedRange, rememberRange } from './node/pod-range.ts';
import { crossed, MEMORY_THRESHOLD, PressureGauge, readAvailability } from './node/pressure.ts';
import { createNodeTransport } from './node-transport.ts';
import type { NodeFacts } from './pods/context.ts';
import { ApiEventRecorder } from './pods/event-recorder.ts';
import { runEviction } from './pods/eviction.ts';
import { type RunningPods, runPods } from './pods/run-pods.ts';
import { createKubeletHandler } from './streams/index.ts';
import { runTunnel } from './tunnel/index.ts';

export interface AgentOptions {
  /** URL of the API server, with the path prefix of the cluster if it has one; no trailing slash. */
  server: string;
  /** PEM of the CA of the server's certificate; without it the system's roots. */
  ca?: string;
  /** Needed until the node has a credential of its own in `stateDir`. */
  joinToken?: string;
  nodeName?: string;
  /** Everything the node keeps, containerd's root included. */
  stateDir: string;
  nodeIP?: string;
  /** Network of all pods. */
  clusterCIDR?: string;
  /** Whether missing Debian packages may be installed. */
  install?: boolean;
  labels?: Record<string, string>;
  log?: Log;
  clock?: Clock;
  random?: Random;
}

export interface Agent {
  readonly nodeName: string;
  readonly containerd: Containerd;
  /** Resolves when the node was Ready for the first time. */
  readonly ready: Promise<void>;
  /**
   * Ends the agent. Pods go on running and are found again by the next agent, unless `clean`: then every pod is stopped
   * and containerd and the node's network go too. A second call may still ask for `clean`.
   */
  stop(options?: { clean?: boolean }): Promise<void>;
}

const CLUSTER_CIDR = '10.244.0.0/16';
const NETWORK_TIMEOUT = 30_000;
/** Milliseconds to wait for the API before what an earlier run knew is taken for true. */
const API_PATIENCE = 3000;

/**
 * Makes this machine a node: packages, containerd, join, registration, network, pods. Resolves when the node is
 * registered and its parts run; rejects with AgentError when it can never work as asked.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { log = silentLog, stateDir, server } = options;
  const node = options.nodeName ?? machineName(hostname());
  const unlock = await lockNetworkNamespace({ node, server, stateDir, pid: process.pid });
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    await ensurePackages({ install: options.install ?? true, log });
    const agent = new RealNode(options, unlock);
    await agent.start();
    return agent;
  } catch (error) {
    unlock();
    throw error;
  }
}

class RealNode implements Agent {
  readonly nodeName: string;
  readonly ready: Promise<void>;
  containerd!: Containerd;
  readonly #options: AgentOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>[] = [];
  #markReady: () => void = () => {};
  #credential!: Credential;
  #machine!: Machine;
  #address = '';
  #client!: Client;
  #proxyClient!: Client;
  #closeTransport: () => void = () => {};
  #network: Network | undefined;
  #pods: RunningPods | undefined;
  #reporter!: NodeReporter;
  #events!: ApiEventRecorder;
  readonly #gauge: PressureGauge;
  #networkProblem: string | undefined = 'container runtime network not ready: waiting for the pod range of this node';
  #tunnelUp = false;
  readonly #unlock: () => void;
  #clean = false;
  #ended: Promise<void> | undefined;

  constructor(options: AgentOptions, unlock: () => void) {
    this.#options = options;
    this.#unlock = unlock;
    this.#log = options.log ?? silentLog;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#gauge = new PressureGauge(this.#clock);
    this.nodeName = options.nodeName ?? machineName(hostname());
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
  }

  async start(): Promise<void> {
    const { stateDir } = this.#options;
    // A node that is refused must leave nothing running.
    this.#credential = await this.#join();
    this.containerd = await startContainerd({ stateDir, log: this.#log, clock: this.#clock });
    const { runtime } = this.containerd;
    const version = await runtime.version();
    this.#machine = await readMachine(stateDir, `${version.name}://${version.version}`);
    this.#address = this.#options.nodeIP ?? (await defaultAddress());
    this.#network = this.#createNetwork();
    this.#network.start();
    this.#reporter = new NodeReporter({
      client: this.#client,
      clock: this.#clock,
      log: this.#log,
      facts: () => this.#facts(),
      heartbeat: () => this.#tunnelUp,
      events: this.#events,
      signal: this.#stop.signal,
    });
    this.#tellOfNode('Normal', 'Starting', 'Starting kubelet.');
    this.#run('node', this.#bringUp());
    this.#run('tunnel', this.#openTunnel());
    const parts = { runtime, clock: this.#clock, log: this.#log, signal: this.#stop.signal };
    this.#run('logs', runLogRotation(parts));
    const onFailure = (message: string) => this.#tellOfNode('Warning', 'FreeDiskSpaceFailed', message);
    this.#run('images', runImageCollection({ ...parts, folder: stateDir, onFailure }));
  }

  #tellOfNode(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#events.record(nodeReference(this.nodeName), type, reason, message);
  }

  #run(what: string, work: Promise<unknown>): void {
    this.#running.push(
      work.catch((error) => {
        if (!this.#stop.signal.aborted) this.#log('error', `${what} ended`, { error: messageOf(error) });
      }),
    );
  }

  async #join(): Promise<Credential> {
    const { server, ca, joinToken, stateDir } = this.#options;
    const made = createNodeTransport({ ...(ca === undefined ? {} : { ca }) });
    this.#closeTransport = made.close;
    const options = {
      server,
      nodeName: this.nodeName,
      stateDir,
      transport: made.transport,
      clock: this.#clock,
      log: this.#log,
      signal: this.#stop.signal,
      ...(joinToken === undefined ? {} : { joinToken }),
    };
    const credential = await obtainCredential(options);
    const transport = (request: Request): Promise<Response> => {
      const headers = new Headers(request.headers);
      headers.set('Authorization', `Bearer ${this.#credential.token}`);
      return made.transport(new Request(request, { headers }));
    };
    const headers = { 'User-Agent': `kedge-agent/${VERSION}` };
    this.#client = createClient({ transport, baseURL: server, headers, fieldManager: 'kubelet' });
    const { nodeName } = this;
    this.#events = new ApiEventRecorder({ client: this.#client, clock: this.#clock, random: this.#random, nodeName });
    // Services are followed under the identity that upstream gives to kube-proxy.
    const proxyHeaders = { ...headers, 'X-Kedge-Component': 'proxy' };
    this.#proxyClient = createClient({ transport, baseURL: server, headers: proxyHeaders, fieldManager: 'kube-proxy' });
    const renew = keepRenewing(options, credential, (fresh) => {
      this.#credential = fresh;
    });
    this.#run('renewal of the credential', renew);
    return credential;
  }

  #createNetwork(): Network {
    const { server, ca, stateDir, clusterCIDR = CLUSTER_CIDR } = this.#options;
    const { servingCertificate, key, cluster } = this.#credential;
    return createNetwork({
      node: this.nodeName,
      stateDir,
      cniConfDir: this.containerd.cniConf,
      client: this.#proxyClient,
      server,
      clusterDomain: cluster.clusterDomain,
      clusterCIDR,
      serviceCIDR: cluster.serviceCIDR,
      clock: this.#clock,
      random: this.#random,
      log: this.#log,
      onPeerLost: (reason) => this.#tellOfNode('Warning', 'NodeNotConnected', reason),
      ...(ca === undefined ? {} : { serverCA: ca }),
      ...(servingCertificate === undefined ? {} : { apiCertificate: { certificate: servingCertificate, key } }),
    });
  }

  /** Without an API the pod range of an earlier run serves, so that a restarted node connects its pods. */
  async #bringUp(): Promise<void> {
    const registration = this.#reporter.register();
    this.#run(
      'node status',
      registration.then(() => this.#reporter.run()),
    );
    const early = await Promise.race([registration, delay(this.#clock, API_PATIENCE).then(() => undefined)]);
    const remembered = early === undefined ? await rememberedRange(this.#options.stateDir) : undefined;
    if (remembered !== undefined) await this.#connect(remembered, 0);
    const node = await registration;
    if (remembered === undefined) await this.#connect(node.spec?.podCIDR ?? (await this.#awaitRange()));
    await this.#reporter.report();
    await this.#pods?.synced;
    this.#markReady();
  }

  #awaitRange(): Promise<string> {
    const parts = { client: this.#client, clock: this.#clock, random: this.#random, signal: this.#stop.signal };
    return awaitRange({ ...parts, node: this.nodeName });
  }

  /** `patience`: milliseconds that the API has to answer before what an earlier run knew of pods is taken for true. */
  async #connect(podCIDR: string, patience = API_PATIENCE): Promise<void> {
    await this.#network?.setPodCIDR(podCIDR);
    await rememberRange(this.#options.stateDir, podCIDR);
    const started = this.#clock.now();
    for (;;) {
      const conditions = await this.containerd.runtime.conditions();
      const bad = conditions.find((condition) => !condition.status);
      this.#networkProblem =
        bad && `container runtime network not ready: ${bad.type}=false reason:${bad.reason} message:${bad.message}`;
      if (bad === undefined) break;
      if (this.#clock.now() - started > NETWORK_TIMEOUT) this.#log('error', this.#networkProblem ?? '');
      await delay(this.#clock, this.#clock.now() - started > NETWORK_TIMEOUT ? 5000 : 20, this.#stop.signal);
    }
    this.#startPods(patience);
  }

  #startPods(apiPatience: number): void {
    this.#pods = runPods({
      client: this.#client,
      runtime: this.containerd.runtime,
      clock: this.#clock,
      random: this.#random,
      log: this.#log,
      nodeName: this.nodeName,
      node: () => this.#nodeFacts(),
      services: { inNamespace: (namespace) => this.#servicesIn(namespace) },
      events: this.#events,
      apiPatience,
      real: true,
    });
    const { runtime } = this.containerd;
    const parts = { runtime, pods: this.#pods.set, clock: this.#clock, log: this.#log, signal: this.#stop.signal };
    this.#run('eviction', runEviction({ ...parts, threshold: MEMORY_THRESHOLD, shortage: () => this.#shortage() }));
  }

  async #shortage(): Promise<number | undefined> {
    const available = await readAvailability(this.#options.stateDir);
    return crossed(available).memory ? available.memoryBytes : undefined;
  }

  #servicesIn(namespace: string): readonly Service[] | undefined {
    const known = this.#network?.services;
    if (!known?.synced) return undefined;
    return [...known.services.values()].filter((service) => service.metadata.namespace === namespace);
  }

  #nodeFacts(): NodeFacts {
    const { cluster } = this.#credential;
    return {
      name: this.nodeName,
      hostIPs: [this.#address],
      memoryCapacity: this.#machine.memoryBytes,
      allocatable: allocatableOf(this.#machine),
      clusterDNS: [cluster.dnsIP],
      clusterDomain: cluster.clusterDomain,
      resolvConf: '/etc/resolv.conf',
      podsDir: join(this.#options.stateDir, 'pods'),
      logsDir: join(this.#options.stateDir, 'logs', 'pods'),
    };
  }

  async #facts(): Promise<NodeFactsInput> {
    const { runtime } = this.containerd;
    const problems: string[] = [];
    if (this.#networkProblem !== undefined) problems.push(this.#networkProblem);
    const images = await runtime.listImages().catch((error) => {
      problems.unshift(`container runtime is down: ${messageOf(error)}`);
      return [];
    });
    const addresses = [
      { type: 'InternalIP', address: this.#address },
      { type: 'Hostname', address: this.nodeName },
    ];
    return {
      name: this.nodeName,
      addresses,
      machine: this.#machine,
      images,
      problems,
      pressure: this.#gauge.observe(await readAvailability(this.#options.stateDir)),
      ...(this.#options.labels === undefined ? {} : { labels: this.#options.labels }),
    };
  }

  #openTunnel(): Promise<void> {
    const { server, ca } = this.#options;
    const handler = createKubeletHandler({
      node: this.nodeName,
      runtime: this.containerd.runtime,
      clock: this.#clock,
      pods: () => this.#pods?.list() ?? [],
    });
    return runTunnel({
      server,
      node: this.nodeName,
      token: () => this.#credential.token,
      handler,
      clock: this.#clock,
      random: this.#random,
      log: this.#log,
      signal: this.#stop.signal,
      onState: (connected) => {
        this.#tunnelUp = connected;
        if (connected) this.#pods?.set.resend();
      },
      ...(ca === undefined ? {} : { ca }),
    });
  }

  stop({ clean = false }: { clean?: boolean } = {}): Promise<void> {
    this.#clean ||= clean;
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    await this.#pods?.stop();
    this.#events.close();
    this.#stop.abort(new Error('the agent stops'));
    await Promise.allSettled(this.#running);
    await this.#network?.stop({ clean: this.#clean });
    if (this.#clean) await this.containerd.stop({ clean: true });
    else this.containerd.detach();
    this.#closeTransport();
    this.#unlock();
  }
}
