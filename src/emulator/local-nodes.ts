/** The nodes of a local cluster: one real node where containers can run, else simulated ones. */
import { hostname } from 'node:os';
import { machineName } from '../machinery/machine-name.ts';
import { AgentProcess, type AgentSpec } from './agent-process.ts';
import { apiRequest } from './api-request.ts';
import type { LocalNodesOptions } from './local-nodes-options.ts';

export interface LocalNodes {
  /** Stops the agents and everything they started, containers included. */
  stop(): Promise<void>;
}

/** How many simulated nodes stand in for a real one. */
const STAND_INS = 2;
const READY_TIMEOUT_MS = 120_000;

/** Starts the nodes that `up` asks for and waits until they are Ready. */
export async function startLocalNodes(options: LocalNodesOptions): Promise<LocalNodes> {
  const { up, out } = options;
  if (up.apiOnly) return { stop: async () => undefined };
  const agents: AgentProcess[] = [];
  let simulated = up.simulatedNodes;
  if (up.node === 'real') {
    const obstacle = whyNoContainers();
    if (obstacle === undefined) {
      agents.push(await startAgent(options, { name: machineName(hostname()), kind: 'real', count: 1 }));
    } else {
      simulated = Math.max(simulated, STAND_INS);
      out.line(
        `Containers cannot run here (${obstacle}); starting ${simulated} simulated nodes instead: pods become Ready, but no program runs in them.`,
      );
    }
  }
  if (simulated > 0) agents.push(await startAgent(options, { name: 'simulated', kind: 'simulated', count: simulated }));
  return {
    async stop() {
      await Promise.all(agents.map((agent) => agent.stop()));
    },
  };
}

/** The reason why this machine cannot run a real node; undefined when it can. */
function whyNoContainers(): string | undefined {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`;
  if (process.getuid?.() !== 0) return 'not root';
  return undefined;
}

async function startAgent(options: LocalNodesOptions, spec: AgentSpec): Promise<AgentProcess> {
  const agent = new AgentProcess(options, spec);
  options.out.line(
    spec.kind === 'real'
      ? `Starting node ${spec.name} (containerd, runc, CNI) …`
      : `Starting ${spec.count} simulated node(s) …`,
  );
  await agent.start();
  const signal = AbortSignal.any([options.signal, agent.refused]);
  await untilNodesReady({ ...options, signal }, spec, agent.logFile);
  return agent;
}

async function untilNodesReady(options: LocalNodesOptions, spec: AgentSpec, log: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline && !options.signal.aborted) {
    const reply = await apiRequest(options.target, '/api/v1/nodes').catch(() => undefined);
    if (reply?.status === 200) {
      const ready = (JSON.parse(reply.body) as { items: NodeView[] }).items.filter(
        (node) =>
          belongsTo(node.metadata.name, spec) &&
          node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'),
      );
      if (ready.length >= spec.count) {
        options.out.line(
          spec.kind === 'real' ? `Node ${spec.name} is Ready` : `${ready.length} simulated node(s) are Ready`,
        );
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!options.signal.aborted) options.out.line(`Node ${spec.name} is not Ready after two minutes; see ${log}`);
}

interface NodeView {
  metadata: { name: string };
  status?: { conditions?: { type: string; status: string }[] };
}

const belongsTo = (name: string, spec: AgentSpec): boolean =>
  spec.kind === 'real' ? name === spec.name : name.startsWith(`${spec.name}-`);
