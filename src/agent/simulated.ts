/** A node on which nothing runs: the pod machinery on a runtime in memory. Cheap enough for hundreds in a process. */
import { type Clock, systemClock } from '../base/clock.ts';
import { type Random, systemRandom } from '../base/random.ts';
import { type Client, runInformer } from '../client/index.ts';
import { type Node, nodes } from '../kinds/index.ts';
import type { KubeObject } from '../machinery/meta.ts';
import { type Log, messageOf, silentLog } from './log.ts';
import { type Machine, VERSION } from './node/machine.ts';
import { allocatableOf, type NodeFactsInput } from './node/node-object.ts';
import { NodeReporter } from './node/node-reporter.ts';
import type { NodeFacts, ServiceSource } from './pods/context.ts';
import { ApiEventRecorder } from './pods/event-recorder.ts';
import { runPods } from './pods/run-pods.ts';
import { FakeRuntime } from './runtime/fake/fake-runtime.ts';

export interface SimulatedNodeOptions {
  client: Client;
  name: string;
  nodeIP?: string;
  cpus?: number;
  memoryBytes?: number;
  labels?: Record<string, string>;
  /** True while a tunnel tells that the node lives: the Lease is left alone. */
  heartbeat?: () => boolean;
  log?: Log;
  clock?: Clock;
  random?: Random;
}

export interface SimulatedNode {
  readonly name: string;
  readonly runtime: FakeRuntime;
  /** Resolves when the node is registered and its pods were listed. */
  readonly ready: Promise<void>;
  /** Pods with their newest statuses. */
  pods(): ReturnType<ReturnType<typeof runPods>['list']>;
  stop(): void;
}

const GIB = 1024 ** 3;

function machineOf({ name, cpus = 8, memoryBytes = 32 * GIB }: SimulatedNodeOptions): Machine {
  return {
    cpus,
    memoryBytes,
    diskBytes: 100 * GIB,
    info: {
      machineID: name,
      systemUUID: name,
      bootID: name,
      kernelVersion: 'simulated',
      osImage: 'Simulated node',
      containerRuntimeVersion: 'fake://1',
      kubeletVersion: VERSION,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
  };
}

/** Addresses of the node's pod range in turn; of a range of its own until it has one. */
class Addresses {
  #base = [10, 255, 0];
  #next = 1;

  use(podCIDR: string): void {
    this.#base = podCIDR.split('.').slice(0, 3).map(Number);
  }

  next(): string {
    this.#next = this.#next >= 254 ? 2 : this.#next + 1;
    return [...this.#base, this.#next].join('.');
  }
}

/** Nothing runs that could read variables. */
const noServices: ServiceSource = { inNamespace: () => undefined };

export function runSimulatedNode(options: SimulatedNodeOptions): SimulatedNode {
  const { client, name, clock = systemClock, random = systemRandom, log = silentLog } = options;
  const stop = new AbortController();
  const addresses = new Addresses();
  const nodeIP = options.nodeIP ?? '10.255.255.1';
  const machine = machineOf(options);
  const runtime = new FakeRuntime({ clock, nextIP: () => addresses.next(), prefix: `${name}-` });
  const facts = async (): Promise<NodeFactsInput> => ({
    name,
    addresses: [
      { type: 'InternalIP', address: nodeIP },
      { type: 'Hostname', address: name },
    ],
    machine,
    images: [],
    problems: [],
    pressure: { memory: false, disk: false },
    labels: { 'kedge.dev/simulated': 'true', ...options.labels },
  });
  const nodeFacts: NodeFacts = {
    name,
    hostIPs: [nodeIP],
    memoryCapacity: machine.memoryBytes,
    allocatable: allocatableOf(machine),
    clusterDNS: [],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    podsDir: '',
    logsDir: '/var/log/pods',
  };
  const events = new ApiEventRecorder({ client, clock, random, nodeName: name });
  const heartbeat = options.heartbeat === undefined ? {} : { heartbeat: options.heartbeat };
  const reporter = new NodeReporter({ client, clock, log, facts, events, signal: stop.signal, ...heartbeat });
  const pods = runPods({
    client,
    runtime,
    clock,
    random,
    log,
    nodeName: name,
    node: () => nodeFacts,
    events,
    apiPatience: 0,
    services: noServices,
    real: false,
  });
  const run = async (): Promise<void> => {
    const node = await reporter.register();
    if (node.spec?.podCIDR) addresses.use(node.spec.podCIDR);
    else followRange({ client, clock, random, name, signal: stop.signal }, addresses);
    void reporter.run();
    await pods.synced;
  };
  const ready = run().catch((error) => {
    if (!stop.signal.aborted) log('error', 'the simulated node ended', { name, error: messageOf(error) });
  });
  return {
    name,
    runtime,
    ready,
    pods: () => pods.list(),
    stop() {
      stop.abort(new Error('the node stops'));
      void pods.stop();
      events.close();
    },
  };
}

interface RangeOptions {
  client: Client;
  clock: Clock;
  random: Random;
  name: string;
  signal: AbortSignal;
}

/** Waits for the range that the control plane gives the node. */
function followRange({ name, signal, ...options }: RangeOptions, addresses: Addresses): void {
  const found = new AbortController();
  void runInformer<Node & KubeObject>({
    ...options,
    kind: nodes as never,
    fieldSelector: `metadata.name=${name}`,
    signal: AbortSignal.any([signal, found.signal]),
    onSet(node) {
      if (!node.spec?.podCIDR) return;
      addresses.use(node.spec.podCIDR);
      found.abort();
    },
    onDelete() {},
  });
}
