/**
 * Runs in network and mount namespaces of its own (`unshare -nm`), as root: a node with pods made by the CNI plugins,
 * an outside host, and the real packet filter. Prints one line of JSON with what clients saw.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNetwork } from '../../../src/agent/network/index.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { service, slice } from './build.ts';
import { fakeClient } from './fake-client.ts';

const children: ChildProcess[] = [];

function run(
  program: string,
  args: string[],
  input?: { env?: Record<string, string>; stdin?: string },
): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { env: { ...process.env, ...input?.env }, timeout: 20_000 },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, out: `${stdout}${error ? stderr : ''}`.trim() });
      },
    );
    child.stdin?.end(input?.stdin);
  });
}

async function must(program: string, ...args: string[]): Promise<string> {
  const { code, out } = await run(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${out}`);
  return out;
}

/** A pod: a namespace connected by the bridge plugin; answers HTTP on 8080 with its name and the peer it sees. */
async function startPod(name: string, conflist: string): Promise<string> {
  await must('ip', 'netns', 'add', name);
  await must('ip', '-n', name, 'link', 'set', 'lo', 'up');
  const { plugins, ...head } = JSON.parse(conflist);
  const env = {
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: name,
    CNI_NETNS: `/run/netns/${name}`,
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/usr/lib/cni:/opt/cni/bin',
  };
  const plugin =
    (await run('test', ['-x', '/usr/lib/cni/bridge'])).code === 0 ? '/usr/lib/cni/bridge' : '/opt/cni/bin/bridge';
  const added = await run(plugin, [], { env, stdin: JSON.stringify({ ...head, ...plugins[0] }) });
  if (added.code !== 0) throw new Error(`bridge plugin: ${added.out}`);
  await serveIn(name);
  return JSON.parse(added.out).ips[0].address.split('/')[0];
}

function serveIn(name: string): Promise<void> {
  const program = `require('http').createServer((q,s)=>s.end('${name} '+q.socket.remoteAddress)).listen(8080,()=>console.log('up'))`;
  const child = spawn('ip', ['netns', 'exec', name, process.execPath, '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return new Promise((resolve) => child.stdout?.once('data', () => resolve()));
}

/** What curl gets, or `exit N`. */
async function curl(where: string | undefined, url: string): Promise<string> {
  const args = ['-sS', '--max-time', '3', '--noproxy', '*', url];
  const { code, out } = where ? await run('ip', ['netns', 'exec', where, 'curl', ...args]) : await run('curl', args);
  return code === 0 ? out : `exit ${code}`;
}

async function lookup(where: string, name: string, type = 'A'): Promise<string> {
  const program = `const r=new(require('dns').Resolver)({timeout:2000,tries:1});r.setServers(['10.96.0.10']);r.resolve('${name}','${type}',(e,a)=>console.log(e?e.code:JSON.stringify(a)))`;
  return (await run('ip', ['netns', 'exec', where, process.execPath, '-e', program])).out;
}

const folder = await mkdtemp(join(tmpdir(), 'kedge-network-'));
const result: Record<string, unknown> = {};
await must('mount', '-t', 'tmpfs', 'none', '/run/netns').catch(() =>
  must('sh', '-c', 'mkdir -p /run/netns && mount -t tmpfs none /run/netns'),
);
await must('ip', 'link', 'set', 'lo', 'up');
await must('ip', 'netns', 'add', 'outside');
await must('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'outside');
await must('ip', 'addr', 'add', '192.0.2.2/24', 'dev', 'up0');
await must('ip', 'link', 'set', 'up0', 'up');
await must('ip', '-n', 'outside', 'addr', 'add', '192.0.2.9/24', 'dev', 'eth0');
await must('ip', '-n', 'outside', 'link', 'set', 'eth0', 'up');
await must('ip', '-n', 'outside', 'link', 'set', 'lo', 'up');
await must('ip', 'route', 'add', 'default', 'via', '192.0.2.9');
await serveIn('outside');

const { client, set, remove } = fakeClient();
const kubeDns = service('kube-dns', '10.96.0.10', {
  namespace: 'kube-system',
  spec: {
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    ],
  },
});
delete kubeDns.spec?.selector;
set('services', kubeDns as never);
const network = createNetwork({
  node: 'n1',
  stateDir: folder,
  cniConfDir: join(folder, 'net.d'),
  client,
  server: 'https://192.0.2.9:6443',
  clusterDomain: 'cluster.local',
  clusterCIDR: '10.244.0.0/16',
  serviceCIDR: '10.96.0.0/16',
  clock: systemClock,
  random: systemRandom,
  log: (level, message, fields) => level !== 'debug' && console.error(level, message, JSON.stringify(fields ?? {})),
});
const settle = async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  await network.flush();
};

try {
  network.start();
  await network.setPodCIDR('10.244.1.0/24');
  const conflist = await readFile(network.cniConfig as string, 'utf8');
  const a = await startPod('pod-a', conflist);
  const b = await startPod('pod-b', conflist);
  result.addresses = [a, b];
  set('services', service('web', '10.96.1.1', { port: { nodePort: 30080 }, spec: { type: 'NodePort' } }) as never);
  set('endpointslices', slice('web', [a]) as never);
  await settle();

  result.podToPod = await curl('pod-b', `http://${a}:8080`);
  result.podToService = await curl('pod-b', 'http://10.96.1.1');
  result.hairpin = await curl('pod-a', 'http://10.96.1.1');
  result.hostToService = await curl(undefined, 'http://10.96.1.1');
  result.outsideToNodePort = await curl('outside', 'http://192.0.2.2:30080');
  result.hostToNodePort = await curl(undefined, 'http://192.0.2.2:30080');
  result.loopbackNodePort = await curl(undefined, 'http://127.0.0.1:30080');
  result.podToNodePort = await curl('pod-b', 'http://192.0.2.2:30080');
  result.podToOutside = await curl('pod-b', 'http://192.0.2.9:8080');
  result.otherPort = await curl('pod-b', 'http://10.96.1.1:81');

  result.dns = await lookup('pod-b', 'web.default.svc.cluster.local');
  result.dnsMissing = await lookup('pod-b', 'nothing.default.svc.cluster.local');

  // A client that asks all the time while endpoints change.
  let asked = 0;
  let stop = false;
  const failed: string[] = [];
  const ask = async () => {
    while (!stop) {
      const answer = await curl('pod-b', 'http://10.96.1.1');
      asked++;
      if (!/^pod-[ab] /.test(answer)) failed.push(answer);
    }
  };
  const asking = [ask(), ask()];
  for (let round = 0; round < 40; round++) {
    set('endpointslices', slice('web', [[a], [a, b], [b]][round % 3] as string[]) as never);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  stop = true;
  await Promise.all(asking);
  result.changing = { asked: asked > 20, failed };

  set('endpointslices', slice('web', [a, b]) as never);
  await settle();
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) seen.add((await curl(undefined, 'http://10.96.1.1')).split(' ')[0] as string);
  result.spread = [...seen].sort();

  set('services', service('sticky', '10.96.1.2', { spec: { sessionAffinity: 'ClientIP' } }) as never);
  set('endpointslices', slice('sticky', [a, b]) as never);
  set(
    'services',
    service('local', '10.96.1.3', {
      port: { nodePort: 30081 },
      spec: { type: 'NodePort', externalTrafficPolicy: 'Local' },
    }) as never,
  );
  set('endpointslices', slice('local', [b]) as never);
  set(
    'services',
    service('elsewhere', '10.96.1.4', {
      port: { nodePort: 30082 },
      spec: { type: 'NodePort', externalTrafficPolicy: 'Local' },
    }) as never,
  );
  set(
    'endpointslices',
    slice('elsewhere', [{ addresses: ['10.244.9.9'], nodeName: 'n9', conditions: { ready: true } }]) as never,
  );
  set('services', service('empty', '10.96.1.5', { port: { nodePort: 30083 }, spec: { type: 'NodePort' } }) as never);
  await settle();
  const stuck = new Set<string>();
  for (let i = 0; i < 12; i++) stuck.add(await curl('pod-b', 'http://10.96.1.2'));
  result.sticky = stuck.size;
  result.localKeepsSource = await curl('outside', 'http://192.0.2.2:30081');
  result.elsewhere = await curl('outside', 'http://192.0.2.2:30082');
  result.emptyFromPod = await curl('pod-b', 'http://10.96.1.5');
  result.emptyFromHost = await curl(undefined, 'http://10.96.1.5');
  result.emptyNodePort = await curl('outside', 'http://192.0.2.2:30083');

  remove('services', service('sticky', '10.96.1.2') as never);
  remove('services', service('web', '10.96.1.1') as never);
  await settle();
  result.removed = await curl('pod-b', 'http://10.96.1.1');
  const table = await must('nft', 'list', 'table', 'ip', 'kedge-n1');
  result.left = [a, '10.96.1.1 ', '10.96.1.2 ', 'aff-'].filter((text) => table.includes(text));

  set('nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n2' },
    spec: { podCIDR: '10.244.2.0/24' },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.9' }] },
  });
  set('nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n3' },
    spec: { podCIDR: '10.244.3.0/24' },
    status: { addresses: [{ type: 'InternalIP', address: '198.51.100.1' }] },
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  result.routes = await must('ip', 'route', 'show', 'proto', '75');
} catch (error) {
  result.error = error instanceof Error ? error.stack : String(error);
} finally {
  await network.stop({ clean: true });
  result.tablesAfter = (await run('nft', ['list', 'tables'])).out;
  result.linksAfter = (await run('ip', ['-br', 'link', 'show', 'type', 'bridge'])).out;
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
  console.log(JSON.stringify(result));
}
process.exit(0);
