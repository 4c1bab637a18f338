/** Real containers: containerd, runc and CNI of this machine, on a state folder of their own. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../../src/agent/node/command.ts';
import { architecture, type Containerd, loadImage, startContainerd } from '../../../src/agent/node/containerd.ts';
import { buildImageArchive } from '../../../src/agent/node/image-archive.ts';
import { pauseProgram } from '../../../src/agent/node/pause-image.ts';
import type { ContainerConfig, RuntimeEvent, SandboxConfig } from '../../../src/agent/runtime/contract.ts';

const needed = ['/usr/bin/containerd', '/usr/sbin/runc', '/usr/lib/cni/bridge', '/bin/busybox'];
const canRun = process.platform === 'linux' && process.getuid?.() === 0 && needed.every((path) => existsSync(path));
const IMAGE = 'docker.io/library/kedge-test:1';

describe.skipIf(!canRun)('a private containerd', { timeout: 60_000 }, () => {
  let stateDir: string;
  let containerd: Containerd;
  const events: RuntimeEvent[] = [];

  beforeAll(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'kedge-real-'));
    containerd = await startContainerd({ stateDir });
    const ipam = { type: 'host-local', subnet: '10.244.250.0/24', dataDir: join(stateDir, 'ipam') };
    const network = {
      cniVersion: '0.4.0',
      name: 'kedge-test',
      plugins: [{ type: 'bridge', bridge: 'kedgetest0', isGateway: true, ipam }],
    };
    writeFileSync(join(containerd.cniConf, '10-test.conflist'), JSON.stringify(network));
    const busybox = await readFile('/bin/busybox');
    const links = ['sh', 'sleep', 'cat'].map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' }));
    const files = [{ path: 'bin', directory: true }, { path: 'bin/busybox', content: busybox, mode: 0o755 }, ...links];
    const archive = join(stateDir, 'image.tar');
    await writeFile(
      archive,
      await buildImageArchive({ reference: IMAGE, files, command: ['sh'], architecture: architecture() }),
    );
    expect(await loadImage(stateDir, archive)).toEqual([IMAGE]);
    containerd.runtime.subscribe((event) => events.push(event));
    await eventually(async () => (await containerd.runtime.conditions()).every((condition) => condition.status));
  }, 60_000);

  afterAll(async () => {
    await containerd?.stop({ clean: true });
    await runCommand('ip', ['link', 'delete', 'kedgetest0']);
    const left = (await readFile('/proc/self/mounts', 'utf8')).includes(stateDir);
    await rm(stateDir, { recursive: true, force: true });
    expect(left).toBe(false);
  }, 60_000);

  const sandboxOf = (name: string): SandboxConfig => ({
    metadata: { name, uid: name, namespace: 'default', attempt: 0 },
    hostname: name,
    logDirectory: join(stateDir, 'logs', name),
    portMappings: [],
    labels: { app: name },
    annotations: {},
    security: { namespaceOptions: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } },
  });
  const containerOf = (command: string): ContainerConfig => ({
    name: 'c',
    attempt: 0,
    image: IMAGE,
    command: ['sh', '-c', command],
    args: [],
    workingDir: '',
    env: [{ key: 'WHO', value: 'kedge' }],
    mounts: [],
    devices: [],
    labels: { app: 'x' },
    annotations: { restarts: '3' },
    logPath: 'c/0.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: { cpuShares: 128, memoryLimitInBytes: 64 * 1024 * 1024 },
    security: {
      privileged: false,
      namespaceOptions: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' },
      readonlyRootfs: false,
      supplementalGroups: [],
      noNewPrivs: false,
      seccomp: { profileType: 'RuntimeDefault' },
    },
  });

  test('runs a container from sandbox to exit code and log line, and tells of its end', async () => {
    const { runtime } = containerd;
    const sandboxId = await runtime.runPodSandbox(sandboxOf('run'));
    expect((await runtime.podSandboxStatus(sandboxId)).ips[0]).toMatch(/^10\.244\.250\./);
    const id = await runtime.createContainer(sandboxId, containerOf('echo "hello $WHO"; exit 3'), sandboxOf('run'));
    await runtime.startContainer(id);
    await eventually(() => events.some((event) => event.type === 'exited' && event.id === id));
    const status = await runtime.containerStatus(id);
    expect(status).toMatchObject({ state: 'exited', exitCode: 3, reason: 'Error', annotations: { restarts: '3' } });
    expect(await readFile(status.logPath, 'utf8')).toMatch(/^\S+Z stdout F hello kedge\n$/);
  });

  test('stops within the grace period, answers exec, and takes removal twice', async () => {
    const { runtime } = containerd;
    const sandboxId = await runtime.runPodSandbox(sandboxOf('stop'));
    const id = await runtime.createContainer(
      sandboxId,
      containerOf('trap "exit 5" TERM; sleep 100 & wait'),
      sandboxOf('stop'),
    );
    await runtime.startContainer(id);
    const result = await runtime.execSync(id, ['sh', '-c', 'echo out; echo err >&2; exit 4'], 5);
    expect([Buffer.from(result.stdout).toString(), Buffer.from(result.stderr).toString(), result.exitCode]).toEqual([
      'out\n',
      'err\n',
      4,
    ]);
    await expect(runtime.execSync(id, ['sleep', '10'], 1)).rejects.toMatchObject({ code: 'DeadlineExceeded' });
    await runtime.stopContainer(id, 10);
    expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 5 });
    await runtime.stopPodSandbox(sandboxId);
    await runtime.removePodSandbox(sandboxId);
    await runtime.removePodSandbox(sandboxId);
    expect(await runtime.listPodSandboxes({ labels: { app: 'stop' } })).toEqual([]);
  });

  test('comes back after kill -9, containers running on', async () => {
    const { runtime } = containerd;
    const sandboxId = await runtime.runPodSandbox(sandboxOf('kill'));
    const id = await runtime.createContainer(sandboxId, containerOf('sleep 100'), sandboxOf('kill'));
    await runtime.startContainer(id);
    const { pid } = containerd;
    process.kill(pid, 'SIGKILL');
    await eventually(() => containerd.pid !== pid);
    await eventually(async () => (await runtime.containerStatus(id).catch(() => undefined))?.state === 'running');
  });

  test('is taken over by the next agent', async () => {
    const again = await startContainerd({ stateDir });
    expect([again.adopted, again.pid]).toEqual([true, containerd.pid]);
    again.detach();
  });
});

test.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
  'the pause program waits until it is killed',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kedge-pause-'));
    const path = join(folder, 'pause');
    writeFileSync(path, pauseProgram('amd64'), { mode: 0o755 });
    const child = spawn(path, { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    await eventually(async () => (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(' ')[2] === 'S');
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? '0';
    // Bit 16 is SIGCHLD.
    expect(BigInt(`0x${ignored}`) & 0x10000n).toBe(0x10000n);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    await rm(folder, { recursive: true });
  },
);

async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 15_000; performance.now() < end; ) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('did not come true');
}
