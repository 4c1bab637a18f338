/** Usage of the node and its pods. Upstream: kubelet stats summary API and pkg/kubelet/metrics/collectors. */
import { readFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { Clock } from '../../base/clock.ts';
import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE, POD_UID } from '../pods/labels.ts';
import type { ContainerRuntime, ContainerStats } from '../runtime/contract.ts';

interface StatsSource {
  node: string;
  runtime: ContainerRuntime;
  clock: Clock;
}

interface NodeUsage {
  cpuNanoseconds: number;
  workingSetBytes: number;
}

/** Reads the node's own usage from /proc; CPU time is what was not idle since boot. */
async function nodeUsage(): Promise<NodeUsage> {
  const [stat, meminfo] = await Promise.all([readFile('/proc/stat', 'utf8'), readFile('/proc/meminfo', 'utf8')]);
  const ticks = (stat.split('\n')[0] ?? '').split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
  const available = Number(/^MemAvailable:\s+(\d+)/m.exec(meminfo)?.[1] ?? 0) * 1024;
  // Linux counts these in hundredths of a second.
  const cpuNanoseconds = (user + nice + system + irq + softirq + steal) * 1e7;
  return { cpuNanoseconds, workingSetBytes: totalmem() - available };
}

/** The body of `/stats/summary`. */
export async function statsSummary(source: StatsSource): Promise<unknown> {
  const [usage, stats] = await Promise.all([nodeUsage(), source.runtime.containerStats()]);
  const time = new Date(source.clock.now()).toISOString();
  const pods = new Map<string, ContainerStats[]>();
  for (const one of stats) {
    const uid = one.labels[POD_UID];
    if (uid) pods.set(uid, [...(pods.get(uid) ?? []), one]);
  }
  return {
    node: {
      nodeName: source.node,
      startTime: time,
      cpu: { time, usageCoreNanoSeconds: usage.cpuNanoseconds },
      memory: { time, workingSetBytes: usage.workingSetBytes },
    },
    pods: [...pods.values()].map((containers) => podSummary(containers, time)),
  };
}

function podSummary(containers: ContainerStats[], time: string): unknown {
  const labels = containers[0]?.labels ?? {};
  const sum = (pick: (stats: ContainerStats) => number) => containers.reduce((total, stats) => total + pick(stats), 0);
  return {
    podRef: { name: labels[POD_NAME], namespace: labels[POD_NAMESPACE], uid: labels[POD_UID] },
    startTime: time,
    cpu: { time, usageCoreNanoSeconds: sum((stats) => stats.cpuNanoseconds) },
    memory: { time, workingSetBytes: sum((stats) => stats.workingSetBytes) },
    containers: containers.map((stats) => ({
      name: stats.labels[CONTAINER_NAME],
      startTime: time,
      cpu: { time: new Date(stats.timestamp).toISOString(), usageCoreNanoSeconds: stats.cpuNanoseconds },
      memory: {
        time: new Date(stats.timestamp).toISOString(),
        workingSetBytes: stats.workingSetBytes,
        usageBytes: stats.usageBytes,
        rssBytes: stats.rssBytes,
      },
      rootfs: { time, usedBytes: stats.writableLayerBytes },
    })),
  };
}

/** The body of `/metrics/resource`, in Prometheus' text format. */
export async function resourceMetrics(source: StatsSource): Promise<string> {
  const [usage, stats] = await Promise.all([nodeUsage(), source.runtime.containerStats()]);
  const lines = [
    '# HELP node_cpu_usage_seconds_total [STABLE] Cumulative cpu time consumed by the node in core-seconds',
    '# TYPE node_cpu_usage_seconds_total counter',
    `node_cpu_usage_seconds_total ${usage.cpuNanoseconds / 1e9} ${source.clock.now()}`,
    '# HELP node_memory_working_set_bytes [STABLE] Current working set of the node in bytes',
    '# TYPE node_memory_working_set_bytes gauge',
    `node_memory_working_set_bytes ${usage.workingSetBytes} ${source.clock.now()}`,
  ];
  const series = (name: string, help: string, value: (stats: ContainerStats) => number) => {
    lines.push(`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${name.endsWith('_total') ? 'counter' : 'gauge'}`);
    for (const one of stats) {
      const { labels } = one;
      const names = `container="${labels[CONTAINER_NAME]}",namespace="${labels[POD_NAMESPACE]}",pod="${labels[POD_NAME]}"`;
      lines.push(`${name}{${names}} ${value(one)} ${one.timestamp}`);
    }
  };
  series(
    'container_cpu_usage_seconds_total',
    'Cumulative cpu time consumed by the container in core-seconds',
    (s) => s.cpuNanoseconds / 1e9,
  );
  series(
    'container_memory_working_set_bytes',
    'Current working set of the container in bytes',
    (s) => s.workingSetBytes,
  );
  lines.push(
    '# HELP resource_scrape_error [STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
    '# TYPE resource_scrape_error gauge',
    'resource_scrape_error 0',
    '',
  );
  return lines.join('\n');
}
