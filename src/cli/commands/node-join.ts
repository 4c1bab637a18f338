import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
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
    const config = {
      server,
      ...(flags.token === undefined ? {} : { joinToken: flags.token }),
      ...(flags['ca-file'] === undefined ? {} : { ca: readFileSync(String(flags['ca-file']), 'utf8') }),
      ...(flags.name === undefined ? {} : { nodeName: flags.name }),
      ...(flags['node-ip'] === undefined ? {} : { nodeIP: flags['node-ip'] }),
      stateDir: resolve(String(flags['state-dir'])),
      install: flags['no-install'] !== true,
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

function runAgent(file: string, config: string): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [file], {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { ...process.env, KEDGE_AGENT_CONFIG: 'stdin' },
    });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, forward);
    child.once('error', (error) => fail(new UserError(`Could not start the agent: ${error.message}`)));
    child.once('exit', (code) => done(code ?? 1));
    child.stdin.on('error', () => undefined);
    child.stdin.end(config);
  });
}
