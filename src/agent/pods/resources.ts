import type { Container, Pod } from '../../kinds/index.ts';
import { parseQuantity } from '../../machinery/quantity.ts';
import type { LinuxResources } from '../runtime/contract.ts';
import { oomScoreAdj } from './qos.ts';

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const PERIOD = 100_000;
const MIN_QUOTA = 1000;

const milli = (text: string | undefined): number => (text === undefined ? 0 : parseQuantity(text).milliValue());

/** Upstream: pkg/kubelet/cm/helpers_linux.go MilliCPUToShares. */
export function cpuShares(milliCPU: number): number {
  if (milliCPU === 0) return MIN_SHARES;
  return Math.max(MIN_SHARES, Math.min(MAX_SHARES, Math.floor((milliCPU * 1024) / 1000)));
}

/** The cgroup settings of a container. */
export function linuxResources(pod: Pod, container: Container, memoryCapacity: number): LinuxResources {
  const { requests, limits } = container.resources ?? {};
  const cpuLimit = milli(limits?.cpu);
  const resources: LinuxResources = {
    cpuShares: cpuShares(requests?.cpu === undefined ? cpuLimit : milli(requests.cpu)),
    oomScoreAdj: oomScoreAdj(pod, container, memoryCapacity),
  };
  if (cpuLimit > 0) {
    resources.cpuPeriod = PERIOD;
    resources.cpuQuota = Math.max(MIN_QUOTA, Math.floor((cpuLimit * PERIOD) / 1000));
  }
  if (limits?.memory !== undefined) resources.memoryLimitInBytes = parseQuantity(limits.memory).value();
  return resources;
}
