import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { UserError } from '../../emulator/index.ts';
import { defineCommand, UsageError } from '../command.ts';

const TOKEN = /^[a-z0-9]{6}\.[a-z0-9]{16}$/;

/** Runs the node agent of this machine in the foreground, joined to a cluster. */
export const nodeJoin = defineCommand({
  path: ['node', 'join'],
  summary: 'Join this machine to a cluster as a node',
  positional: ['URL'],
  flags: {
    token: { type: 'string', value: 'T', description: 'Join token; needed the first time' },
    name: { type: 'string', value: 'N', description: "Name of the node (the machine's name)" },
    'ca-file': {
      type: 'string',
      value: 'FILE',
      description: "CA of the API server's certificate, where it is not a public one",
    },
    'state-dir': {
      type: 'string',
      value: 'DIR',
      description: 'Folder of containerd and the agent',
      default: '/var/lib/kedge',
    },
    'node-ip': { type: 'string', value: 'IP', description: 'Address other nodes reach this one at' },
    clean: {
      type: 'boolean',
      description:
        'Take pods, containerd and network down when the agent is stopped; without it they go on for its next start',
    },
    'no-install': { type: 'boolean', description: 'Never install Debian packages' },
  },
  async run(context) {
    const { flags } = context;
    const server = serverOf(context.arguments[0] as string);
    if (flags.token !== undefined && !TOKEN.test(String(flags.token))) {
      throw new UsageError(
        'flag --token takes a join token like abcdef.0123456789abcdef; kedge token create makes one',
      );
    }
    const ca = flags['ca-file'] === undefined ? undefined : readFileSync(String(flags['ca-file']), 'utf8');
    const stateDir = resolve(String(flags['state-dir']));
    if (!existsSync(join(stateDir, 'credential.json'))) await requireServer(server, ca);
    const config = {
      server,
      ...(flags.token === undefined ? {} : { joinToken: flags.token }),
      ...(ca === undefined ? {} : { ca }),
      ...(flags.name === undefined ? {} : { nodeName: flags.name }),
      ...(flags['node-ip'] === undefined ? {} : { nodeIP: flags['node-ip'] }),
      stateDir,
      install: flags['no-install'] !== true,
      keepPods: flags.clean !== true,
    };
    return runAgent(join(context.dist, 'agent.js'), JSON.stringify(config));
  },
});

function serverOf(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`"${text}" is not a URL; give the API server as in https://HOST:PORT`);
  }
  if (url.protocol !== 'https:') throw new UsageError('nodes join over https only');
  return url.toString().replace(/\/$/, '');
}

const PREFLIGHT_TIMEOUT_MS = 10_000;

/** Asks the server for its version, as the agent would ask for ever. Throws UserError when no API server answers. */
async function requireServer(server: string, ca: string | undefined): Promise<void> {
  // Imported here: the other commands need none of it, and it takes 9 MB.
  const { request } = await import('node:https');
  return new Promise((done, fail) => {
    const refuse = (why: string) => fail(new UserError(`${server} does not answer as an API server: ${why}`));
    const options = { timeout: PREFLIGHT_TIMEOUT_MS, agent: false, ...(ca === undefined ? {} : { ca }) } as const;
    const call = request(`${server}/version`, options, (reply) => {
      let body = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk: string) => {
        body += chunk;
      });
      reply.on('error', (error) => refuse(error.message));
      // Where anonymous requests are refused the answer is a Status.
      reply.on('end', () => (/"gitVersion"|"Status"/.test(body) ? done() : refuse(`status ${reply.statusCode}`)));
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${PREFLIGHT_TIMEOUT_MS / 1000} s`)));
    call.on('error', (error: NodeJS.ErrnoException) => refuse(hintFor(error)));
    call.end();
  });
}

function hintFor(error: NodeJS.ErrnoException): string {
  const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(error.code ?? '');
  if (!untrusted) return error.message;
  return `${error.message}; give the CA of its certificate with --ca-file (locally it is tls/ca.crt in the cluster's folder)`;
}

/** Runs the agent until it ends. Its log passes through; the reason why it gave up becomes the error of the command. */
function runAgent(file: string, config: string): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [file], {
      stdio: ['pipe', 'inherit', 'pipe'],
      env: { ...process.env, KEDGE_AGENT_CONFIG: 'stdin' },
    });
    let reason: string | undefined;
    createInterface({ input: child.stderr }).on('line', (line) => {
      const fatal = fatalMessage(line);
      if (fatal === undefined) process.stderr.write(`${line}\n`);
      else reason = fatal;
    });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
    child.once('error', (error) => fail(new UserError(`Could not start the agent: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (reason !== undefined) fail(new UserError(reason));
      else if (signal !== null) fail(new UserError(`the agent was ended by ${signal}; its pods go on: join again`));
      else done(code ?? 1);
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(config);
  });
}

/** The message of the line in which the agent says why it ends. */
function fatalMessage(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as { level?: string; kind?: string; message?: string };
    return entry.level === 'error' && entry.kind !== undefined ? entry.message : undefined;
  } catch {
    return undefined;
  }
}
