import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { apiRequest, type ClusterState, clusterPaths, readRunningState } from '../../emulator/index.ts';
import { CLUSTER_FLAGS, OUTPUT_FLAG } from '../cluster-flags.ts';
import { defineCommand } from '../command.ts';
import { clusterOf, targetOf, wantsJson } from '../local-cluster.ts';

interface ClusterReport {
  name: string;
  running: boolean;
  server?: string;
  kubeconfig?: string;
  pid?: number;
  controlPlane?: { pid?: number; memoryMB?: number; ready: boolean };
  nodes?: { name: string; ready: boolean }[];
}

/** Shows every local cluster of the data folder. Exit code 0 when the named cluster runs and is ready, else 1. */
export const status = defineCommand({
  path: ['status'],
  summary: 'Show local clusters',
  flags: { ...CLUSTER_FLAGS, ...OUTPUT_FLAG },
  async run(context) {
    const { name, data } = clusterOf(context);
    const reports = await Promise.all(clusterNames(data).map((each) => reportOf(data, each)));
    if (wantsJson(context)) context.print(JSON.stringify(reports, null, 2));
    else if (reports.length === 0) context.print('No local clusters here; start one with: kedge up');
    else for (const report of reports) for (const line of linesOf(report)) context.print(line);
    const named = reports.find((report) => report.name === name);
    if (!named && reports.length > 0) context.progress(`kedge status: there is no cluster ${name} in ${data}`);
    return named?.controlPlane?.ready ? 0 : 1;
  },
});

function clusterNames(data: string): string[] {
  if (!existsSync(data)) return [];
  return readdirSync(data, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(clusterPaths(data, entry.name).adminToken))
    .map((entry) => entry.name);
}

async function reportOf(data: string, name: string): Promise<ClusterReport> {
  const paths = clusterPaths(data, name);
  const state = readRunningState(paths.state);
  if (!state) return { name, running: false };
  const target = targetOf(state, paths);
  const [ready, nodes] = await Promise.all([
    apiRequest(target, '/readyz').catch(() => undefined),
    apiRequest(target, '/api/v1/nodes').catch(() => undefined),
  ]);
  return {
    name,
    running: true,
    server: target.server,
    kubeconfig: state.kubeconfig,
    pid: state.pid,
    controlPlane: { pid: state.controlPlanePid, memoryMB: memoryOf(state), ready: ready?.status === 200 },
    nodes: nodes?.status === 200 ? nodesOf(nodes.body) : [],
  };
}

function nodesOf(body: string): { name: string; ready: boolean }[] {
  const list = JSON.parse(body) as {
    items: { metadata: { name: string }; status?: { conditions?: { type: string; status: string }[] } }[];
  };
  return list.items.map((node) => ({
    name: node.metadata.name,
    ready: node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false,
  }));
}

function memoryOf(state: ClusterState): number | undefined {
  try {
    const match = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${state.controlPlanePid}/status`, 'utf8'));
    return match ? Math.round(Number(match[1]) / 1024) : undefined;
  } catch {
    return undefined;
  }
}

function linesOf(report: ClusterReport): string[] {
  if (!report.running) return [`${report.name}: stopped`];
  const plane = report.controlPlane;
  const memory = plane?.memoryMB === undefined ? '' : `, ${plane.memoryMB} MB`;
  return [
    `${report.name}: ${plane?.ready ? 'ready' : 'not ready'} at ${report.server} (pid ${report.pid})`,
    `  control plane: pid ${plane?.pid}${memory}`,
    `  kubeconfig: ${report.kubeconfig}`,
    ...(report.nodes ?? []).map((node) => `  node ${node.name}: ${node.ready ? 'Ready' : 'NotReady'}`),
  ];
}
