/** One node of a network namespace: bridges, pod ranges, nftables and Service addresses of two would clash. */
import { connect, createServer, type Server } from 'node:net';
import { AgentError } from '../errors.ts';

/** Who holds the lock, as other agents are told. */
export interface NodeLockHolder {
  node: string;
  server: string;
  stateDir: string;
  pid: number;
}

const NAME = '\0kedge-node';
/** Milliseconds that a holder has to say who it is. */
const ANSWER_TIMEOUT = 1000;
const MAX_ANSWER = 8192;
/** A holder may end between the attempt to take the lock and the question who it is. */
const ATTEMPTS = 3;

/**
 * Takes the lock of this network namespace: an abstract socket, which the kernel frees with the process. Returns what
 * frees it. Throws AgentError `user` that names the holder.
 */
export async function lockNetworkNamespace(self: NodeLockHolder, name = NAME): Promise<() => void> {
  for (let attempt = 1; ; attempt++) {
    const server = await listen(self, name);
    if (server !== undefined) return () => server.close();
    const holder = await askHolder(name);
    if (holder === undefined && attempt < ATTEMPTS) continue;
    throw new AgentError('user', refusal(self, holder));
  }
}

function refusal(self: NodeLockHolder, holder: NodeLockHolder | undefined): string {
  if (holder === undefined) return "another Kedge node has this machine's network; stop it first";
  const { node, server, stateDir, pid } = holder;
  const who = `node ${node} of ${server} (state in ${stateDir}, process ${pid})`;
  return stateDir === self.stateDir
    ? `${who} runs already`
    : `${who} has this machine's network, which one node can have; stop it first, or run this one in a network namespace of its own`;
}

function listen(self: NodeLockHolder, name: string): Promise<Server | undefined> {
  const words = JSON.stringify(self);
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(words);
    });
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen({ path: name }, () => resolve(server));
  });
}

/** Undefined when nobody answers as an agent would. */
function askHolder(name: string): Promise<NodeLockHolder | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path: name });
    let text = '';
    const finish = (): void => {
      socket.destroy();
      resolve(parseHolder(text));
    };
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_TIMEOUT, finish);
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_ANSWER) finish();
    });
    socket.on('end', finish);
    socket.on('error', finish);
  });
}

function parseHolder(text: string): NodeLockHolder | undefined {
  try {
    const { node, server, stateDir, pid } = JSON.parse(text) as Partial<NodeLockHolder>;
    if (!node || !server || !stateDir || !pid) return undefined;
    return { node, server, stateDir, pid };
  } catch {
    return undefined;
  }
}
