/** The Node object as the agent writes it. Pure. Upstream: pkg/kubelet/nodestatus. */
import type { ContainerImage, Node, NodeAddress, NodeCondition, NodeStatus } from '../../kinds/index.ts';
import { apiTime } from '../../machinery/time.ts';
import type { Image } from '../runtime/contract.ts';
import type { Machine } from './machine.ts';
import { MEMORY_THRESHOLD, type PressureState } from './pressure.ts';

export const MAX_PODS = 110;
/** Upstream: nodeStatusMaxImages. */
const MAX_IMAGES = 50;

export interface NodeFactsInput {
  name: string;
  addresses: readonly NodeAddress[];
  machine: Machine;
  images: readonly Image[];
  /** Why the node cannot run pods; empty when it can. */
  problems: readonly string[];
  pressure: PressureState;
  labels?: Record<string, string>;
}

function capacityOf(machine: Machine): Record<string, string> {
  return {
    cpu: String(machine.cpus),
    'ephemeral-storage': `${Math.floor(machine.diskBytes / 1024)}Ki`,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
    pods: String(MAX_PODS),
  };
}

/** What pods may have of the machine: less what keeps a node from its pressure thresholds. */
export function allocatableOf(machine: Machine): Record<string, string> {
  return {
    ...capacityOf(machine),
    'ephemeral-storage': String(Math.floor(machine.diskBytes * 0.9)),
    memory: `${Math.floor((machine.memoryBytes - MEMORY_THRESHOLD) / 1024)}Ki`,
  };
}

export function nodeLabels(input: Pick<NodeFactsInput, 'name' | 'machine' | 'labels'>): Record<string, string> {
  const { architecture, operatingSystem } = input.machine.info;
  return {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': operatingSystem,
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': input.name,
    'kubernetes.io/os': operatingSystem,
    ...input.labels,
  };
}

type Judgement = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>;

function judge(input: NodeFactsInput): Judgement[] {
  const pressure = (
    type: string,
    bad: boolean,
    [yes, no]: readonly [string, string],
    [whenBad, whenGood]: readonly [string, string],
  ) => ({
    type,
    status: bad ? 'True' : 'False',
    reason: bad ? yes : no,
    message: bad ? whenBad : whenGood,
  });
  const ready = input.problems.length === 0;
  return [
    pressure(
      'MemoryPressure',
      input.pressure.memory,
      ['KubeletHasInsufficientMemory', 'KubeletHasSufficientMemory'],
      ['kubelet has insufficient memory available', 'kubelet has sufficient memory available'],
    ),
    pressure(
      'DiskPressure',
      input.pressure.disk,
      ['KubeletHasDiskPressure', 'KubeletHasNoDiskPressure'],
      ['kubelet has disk pressure', 'kubelet has no disk pressure'],
    ),
    pressure(
      'PIDPressure',
      false,
      ['KubeletHasInsufficientPID', 'KubeletHasSufficientPID'],
      ['kubelet has insufficient PID available', 'kubelet has sufficient PID available'],
    ),
    {
      type: 'Ready',
      status: ready ? 'True' : 'False',
      reason: ready ? 'KubeletReady' : 'KubeletNotReady',
      message: ready ? 'kubelet is posting ready status' : input.problems.join(', '),
    },
  ];
}

function imageList(images: readonly Image[]): ContainerImage[] {
  return [...images]
    .sort((a, b) => b.size - a.size)
    .slice(0, MAX_IMAGES)
    .map((image) => ({ names: [...image.repoDigests, ...image.repoTags].slice(0, 5), sizeBytes: image.size }));
}

/** The node's status; condition times stay while their status does. */
export function nodeStatus(input: NodeFactsInput, previous: NodeStatus | undefined, now: number): NodeStatus {
  const known = new Map((previous?.conditions ?? []).map((condition) => [condition.type, condition]));
  const at = apiTime(now);
  const conditions = judge(input).map((condition) => {
    const old = known.get(condition.type);
    const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : at;
    return { ...condition, lastHeartbeatTime: at, lastTransitionTime: lastTransitionTime ?? at };
  });
  return {
    capacity: capacityOf(input.machine),
    allocatable: allocatableOf(input.machine),
    conditions,
    addresses: [...input.addresses],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: input.machine.info,
    images: imageList(input.images),
  };
}

/** The object a new node registers with. */
export function newNode(input: NodeFactsInput, now: number): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: input.name,
      labels: nodeLabels(input),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: {},
    status: nodeStatus(input, undefined, now),
  };
}
