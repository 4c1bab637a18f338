/** Runs in network and mount namespaces of its own, as root: containerd, one pod, and kubectl streaming from it. Prints JSON. */
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { createNetwork } from '../../../src/agent/network/index.ts';
import { runCommand } from '../../../src/agent/node/command.ts';
import { startContainerd } from '../../../src/agent/node/containerd.ts';
import { buildImageArchive } from '../../../src/agent/node/image-archive.ts';
import type { ContainerConfig, ContainerRuntime, SandboxConfig } from '../../../src/agent/runtime/contract.ts';
import { createKubeletHandler } from '../../../src/agent/streams/index.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { fakeClient } from '../network/fake-client.ts';
import { muxTo, startStubApi } from './stub-api.ts';

const result: Record<string, unknown> = {};
const folder = await mkdtemp(join(tmpdir(), 'kedge-streams-'));
const IMAGE = 'docker.io/library/busybox:test';

const labels = (extra: Record<string, string> = {}) => ({
  'io.kubernetes.pod.name': 'web',
  'io.kubernetes.pod.namespace': 'default',
  'io.kubernetes.pod.uid': 'uid-1',
  ...extra,
});

const sandboxConfig: SandboxConfig = {
  metadata: { name: 'web', uid: 'uid-1', namespace: 'default', attempt: 0 },
  hostname: 'web',
  logDirectory: join(folder, 'logs'),
  portMappings: [],
  labels: labels(),
  annotations: {},
  security: { namespaceOptions: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } },
};

function containerConfig(
  name: string,
  script: string,
  options: { attempt?: number; stdin?: boolean } = {},
): ContainerConfig {
  const attempt = options.attempt ?? 0;
  return {
    name,
    attempt,
    image: IMAGE,
    command: ['/bin/sh', '-c', script],
    args: [],
    workingDir: '/',
    env: [{ key: 'PATH', value: '/bin' }],
    mounts: [],
    devices: [],
    labels: labels({ 'io.kubernetes.container.name': name }),
    annotations: {},
    logPath: `${name}/${attempt}.log`,
    stdin: options.stdin ?? false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: {
      privileged: false,
      namespaceOptions: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' },
      readonlyRootfs: false,
      supplementalGroups: [],
      noNewPrivs: false,
      seccomp: { profileType: 'RuntimeDefault' },
    },
  };
}

async function startContainer(runtime: ContainerRuntime, sandbox: string, config: ContainerConfig): Promise<string> {
  const id = await runtime.createContainer(sandbox, config, sandboxConfig);
  await runtime.startContainer(id);
  return id;
}

async function busybox(): Promise<string> {
  const content = await readFile('/usr/bin/busybox').catch(() => readFile('/bin/busybox'));
  const applets = [
    'sh',
    'cat',
    'echo',
    'ls',
    'tar',
    'stty',
    'sleep',
    'httpd',
    'md5sum',
    'mkdir',
    'seq',
    'printf',
    'nc',
    'true',
    'test',
  ];
  const archive = await buildImageArchive({
    reference: IMAGE,
    files: [
      { path: 'bin', directory: true },
      { path: 'tmp', directory: true, mode: 0o1777 },
      { path: 'bin/busybox', content, mode: 0o755 },
      ...applets.map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    ],
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  });
  const path = join(folder, 'busybox.tar');
  await writeFile(path, archive);
  return path;
}

let server = '';
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-1' },
  spec: { containers: [{ name: 'main' }, { name: 'reader', stdin: true }] },
  status: { phase: 'Running', containerStatuses: [] },
};

interface Ran {
  code: number;
  out: string;
  err: string;
}

function kubectl(args: string[], stdin?: Buffer | string): Promise<Ran> {
  return new Promise((resolve) => {
    const options = {
      timeout: 30_000,
      maxBuffer: 1 << 28,
      env: { ...process.env, KUBECONFIG: '/dev/null', HOME: folder },
    };
    const child = execFile('kubectl', ['--server', server, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, out: stdout, err: stderr.trim() });
    });
    child.stdin?.end(stdin);
  });
}

/** Connections of containerd over TCP, which all are streams. */
async function containerdSockets(): Promise<string[]> {
  const list = async () => {
    const { stdout } = await runCommand('ss', ['-Htnp']);
    return stdout.split('\n').filter((line) => line.includes('"containerd"'));
  };
  const deadline = Date.now() + 5000;
  let left = await list();
  while (left.length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    left = await list();
  }
  return left;
}

/** Attaches and stays until what was typed has come back. */
async function attach(typed: string): Promise<string> {
  const environment = { ...process.env, KUBECONFIG: '/dev/null', HOME: folder };
  const child = spawn('kubectl', ['--server', server, 'attach', '-i', 'web', '-c', 'reader'], { env: environment });
  let got = '';
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  child.stdout.on('data', (chunk) => {
    got += chunk;
    if (got.includes(typed)) child.stdin.end();
  });
  child.stdin.write(typed);
  setTimeout(() => child.kill(), 12_000).unref();
  await ended;
  return got;
}

async function portForward(): Promise<string[]> {
  const child = spawn('kubectl', ['--server', server, 'port-forward', 'pod/web', ':8080'], {
    env: { ...process.env, KUBECONFIG: '/dev/null', HOME: folder },
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const port = await new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const match = /127\.0\.0\.1:(\d+)/.exec(said);
      if (match) resolve(match[1] as string);
    });
    child.on('exit', () => resolve(''));
  });
  const get = async () => {
    try {
      return (await (await fetch(`http://127.0.0.1:${port}/index.html`)).text()).trim();
    } catch (error) {
      return `${error} ${said}`;
    }
  };
  const answers = await Promise.all(Array.from({ length: 30 }, get));
  child.kill();
  return [...new Set(answers)];
}

/** What clients in other languages do: a channel for the data of each port and one for its errors. */
async function portChannels(): Promise<{ head: number[][]; answer: string; error: string }> {
  const url = `${server.replace('http', 'ws')}/api/v1/namespaces/default/pods/web/portforward?ports=8080&ports=9`;
  const socket = new WebSocket(url, 'v4.channel.k8s.io');
  const head: number[][] = [];
  const got = ['', '', '', ''];
  socket.on('message', (bytes: Buffer) => {
    if (head.length < 4) head.push([...bytes]);
    else got[bytes[0] as number] += bytes.subarray(1).toString();
  });
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('GET /index.html HTTP/1.0\r\n\r\n')]));
  const deadline = Date.now() + 10_000;
  while (!(got[0]?.endsWith('page\n') && got[3]) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  socket.terminate();
  return { head, answer: got[0] ?? '', error: got[3] ?? '' };
}

await runCommand('ip', ['link', 'set', 'lo', 'up']);
const network = createNetwork({
  node: 'n1',
  stateDir: folder,
  cniConfDir: join(folder, 'containerd', 'cni'),
  client: fakeClient().client,
  server: 'https://127.0.0.1:6443',
  clusterDomain: 'cluster.local',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  clock: systemClock,
  random: systemRandom,
  log: (level, message, fields) => console.error(level, message, JSON.stringify(fields ?? {})),
});
await network.setPodCIDR('10.244.1.0/24');
const containerd = await startContainerd({ stateDir: folder });
const { runtime } = containerd;
try {
  await containerd.importImage(await busybox());
  const sandbox = await runtime.runPodSandbox(sandboxConfig);
  const first = await startContainer(runtime, sandbox, containerConfig('main', 'echo first life; exit 3'));
  while ((await runtime.containerStatus(first)).state === 'running')
    await new Promise((resolve) => setTimeout(resolve, 20));
  const script =
    'mkdir -p /www; echo page > /www/index.html; httpd -p 127.0.0.1:8080 -h /www; echo one; echo two; printf three; sleep 1000';
  const main = await startContainer(runtime, sandbox, containerConfig('main', script, { attempt: 1 }));
  await startContainer(runtime, sandbox, containerConfig('reader', 'cat; echo done; sleep 1000', { stdin: true }));
  await new Promise((resolve) => setTimeout(resolve, 500));

  const handler = createKubeletHandler({ node: 'n1', runtime, clock: systemClock, pods: () => [pod as never] });
  const stub = await startStubApi(muxTo(handler), () => [pod]);
  server = stub.url;

  result.logs = await kubectl(['logs', 'web', '-c', 'main']);
  result.tail = (await kubectl(['logs', 'web', '-c', 'main', '--tail=1'])).out;
  result.timestamps = (await kubectl(['logs', 'web', '-c', 'main', '--timestamps', '--tail=2'])).out;
  result.previous = (await kubectl(['logs', 'web', '-c', 'main', '--previous'])).out;
  result.limit = (await kubectl(['logs', 'web', '-c', 'main', '--limit-bytes=5'])).out;
  result.exec = await kubectl(['exec', 'web', '-c', 'main', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
  result.stdin = await kubectl(['exec', '-i', 'web', '-c', 'main', '--', 'cat'], 'to be echoed');
  result.missing = await kubectl(['exec', 'web', '-c', 'main', '--', 'no-such-program']);
  const tty = 'sleep 0.5; stty size';
  result.tty = (
    await runCommand(
      'script',
      ['-qec', `stty rows 33 cols 99; kubectl --server ${server} exec -it web -c main -- sh -c '${tty}'`, '/dev/null'],
      { env: { KUBECONFIG: '/dev/null', HOME: folder } },
    )
  ).stdout.trim();

  const big = randomBytes(40 * 1024 * 1024);
  await writeFile(join(folder, 'big'), big);
  const up = await kubectl(['cp', join(folder, 'big'), 'default/web:/tmp/big', '-c', 'main']);
  const down = await kubectl(['cp', 'default/web:/tmp/big', join(folder, 'back'), '-c', 'main']);
  const back = await readFile(join(folder, 'back')).catch(() => Buffer.alloc(0));
  const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  result.copy = { up: up.code, down: down.code, same: hash(back) === hash(big), said: up.err + down.err };

  const unread = [];
  for (let i = 0; i < 8; i++) {
    const args = [
      'exec',
      '-i',
      'web',
      '-c',
      'main',
      '--',
      'sh',
      '-c',
      i < 4 ? 'exit 5' : 'exec >&- 2>&-; sleep 1; exit 5',
    ];
    unread.push((await kubectl(args, big.subarray(0, 2_000_000))).code);
  }
  result.unread = unread;
  result.nowhere = await kubectl(['cp', join(folder, 'big'), 'default/web:/no/such/dir/x', '-c', 'main']);
  const late = ['exec', '-i', 'web', '-c', 'main', '--', 'sh', '-c', 'sleep 1; md5sum; exit 4'];
  result.late = await kubectl(late, big);
  result.lateSum = createHash('md5').update(big).digest('hex');
  result.sockets = await containerdSockets();

  result.attach = await attach('hello reader\n');
  result.portForward = await portForward();
  result.portChannels = await portChannels();

  // A follower sees what is written later, and ends with the container.
  const follower = kubectl(['logs', '-f', 'web', '-c', 'main']);
  await kubectl(['exec', 'web', '-c', 'main', '--', 'sh', '-c', 'echo late > /proc/1/fd/1']);
  await runtime.stopContainer(main, 0);
  result.follow = await follower;
  result.gone = await kubectl(['exec', 'web', '-c', 'main', '--', 'true']);
  stub.close();
} catch (error) {
  result.error = error instanceof Error ? error.stack : String(error);
} finally {
  await containerd.stop({ clean: true });
  await network.stop({ clean: true });
  await rm(folder, { recursive: true, force: true });
  console.log(JSON.stringify(result));
}
process.exit(0);
