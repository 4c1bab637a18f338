/**
 * The agent as a program of its own. Its configuration is one JSON object: on stdin with `KEDGE_AGENT_CONFIG=stdin`, else
 * in the file which that variable names. Fields: those of AgentOptions, `simulated` (that many nodes on which nothing
 * runs, instead of a real one), `keepPods` (a first SIGTERM or SIGINT leaves pods running for the next agent,
 * a second one while the agent ends takes them down).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { createClient } from '../client/index.ts';
import { type AgentOptions, startAgent } from './agent.ts';
import { AgentError } from './errors.ts';
import { type Log, messageOf } from './log.ts';
import { obtainCredential } from './node/credential.ts';
import { VERSION } from './node/machine.ts';
import { createNodeTransport } from './node-transport.ts';
import { runSimulatedNode } from './simulated.ts';
import { createKubeletHandler } from './streams/index.ts';
import { runTunnel } from './tunnel/index.ts';

interface AgentConfig extends AgentOptions {
  simulated?: number;
  keepPods?: boolean;
}

type Stop = (options: { clean: boolean }) => Promise<void>;

const log: Log = (level, message, fields) => {
  if (level === 'debug') return;
  process.stderr.write(
    `${JSON.stringify({ time: new Date(systemClock.now()).toISOString(), level, message, ...fields })}\n`,
  );
};

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function readConfig(): Promise<AgentConfig> {
  const where = process.env.KEDGE_AGENT_CONFIG;
  if (where === undefined)
    throw new AgentError('user', 'set KEDGE_AGENT_CONFIG to `stdin` or to a file with the configuration');
  const text = where === 'stdin' ? await readAll(process.stdin) : await readFile(where, 'utf8');
  let config: Partial<AgentConfig>;
  try {
    config = JSON.parse(text) as Partial<AgentConfig>;
  } catch {
    throw new AgentError('user', 'the configuration of the agent is no JSON object');
  }
  const { server, stateDir } = config;
  if (!server || !stateDir)
    throw new AgentError('user', 'the configuration of the agent needs `server` and `stateDir`');
  return { ...config, server: server.replace(/\/$/, ''), stateDir };
}

async function startSimulated(config: AgentConfig, count: number): Promise<Stop> {
  const base = config.nodeName ?? 'simulated';
  const started = await Promise.all(
    Array.from({ length: count }, (_, index) => startSimulatedNode(config, `${base}-${index + 1}`)),
  );
  return async () => {
    for (const stop of started) stop();
  };
}

async function startSimulatedNode(config: AgentConfig, name: string): Promise<() => void> {
  const { server, ca, joinToken, stateDir } = config;
  const stop = new AbortController();
  const trust = ca === undefined ? {} : { ca };
  const { transport, close } = createNodeTransport(trust);
  const credential = await obtainCredential({
    server,
    nodeName: name,
    stateDir: join(stateDir, name),
    transport,
    clock: systemClock,
    log,
    ...(joinToken === undefined ? {} : { joinToken }),
  });
  const headers = { Authorization: `Bearer ${credential.token}`, 'User-Agent': `kedge-agent/${VERSION}` };
  const client = createClient({ transport, baseURL: server, headers, fieldManager: 'kubelet' });
  let connected = false;
  const node = runSimulatedNode({ client, name, log, heartbeat: () => connected });
  void runTunnel({
    server,
    node: name,
    token: () => credential.token,
    handler: createKubeletHandler({ node: name, runtime: node.runtime, clock: systemClock, pods: () => node.pods() }),
    clock: systemClock,
    random: systemRandom,
    log,
    signal: stop.signal,
    onState(up) {
      connected = up;
    },
    ...trust,
  });
  return () => {
    stop.abort();
    node.stop();
    close();
  };
}

async function start(config: AgentConfig): Promise<Stop> {
  if (config.simulated) return startSimulated(config, config.simulated);
  const agent = await startAgent({ ...config, log });
  void agent.ready.then(() => log('info', `Node ${agent.nodeName} is ready`));
  return ({ clean }) => agent.stop({ clean: clean || config.keepPods !== true });
}

async function main(): Promise<void> {
  // Who reads the log may go away; the pods must not notice.
  process.stderr.on('error', () => undefined);
  let wanted = false;
  let stop: Stop | undefined;
  let clean = false;
  const end = (): void => {
    clean = wanted;
    wanted = true;
    // Before the start is through there is nothing to take down yet; `start` is followed by the check below.
    void stop?.({ clean }).finally(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
  stop = await start(await readConfig());
  if (wanted) await stop({ clean }).finally(() => process.exit(0));
}

main().catch((error) => {
  const kind = error instanceof AgentError ? error.kind : 'system';
  log('error', messageOf(error), { kind });
  process.exit(kind === 'user' ? 2 : 1);
});
