/** Crashes, wrong starts and bad disks: what must go on goes on, and what cannot is said in one line. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage } from './support/images.ts';
import { eventually, kedgeCommand, kedgeProgram, type LocalCluster, startCluster } from './support/local-cluster.ts';
import { canRunContainers } from './support/machine.ts';
import { commandsWith, isAlive, killHard, mountsBelow, processesWith } from './support/processes.ts';

/** Stands in the command line of every container of the test. */
const MARK = `31${Date.now()}`;

const deployment = (replicas: number) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  minReadySeconds: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - { name: main, image: "busybox:1.36", command: [sleep, "${MARK}"] }
`;

interface State {
  pid: number;
  port: number;
  controlPlanePid: number;
  nodes: { name: string; pid: number }[];
}

/** One line, no stack, and the exit code. */
function expectOneLine(result: { code: number; stderr: string }, code: number, text: RegExp): void {
  expect(result.stderr.trim().split('\n'), result.stderr).toHaveLength(1);
  expect(result.stderr).toMatch(text);
  expect(result.stderr).not.toMatch(/^\s+at /m);
  expect(result.code).toBe(code);
}

describe.skipIf(!canRunContainers())('a real cluster under crashes', () => {
  let cluster: LocalCluster;
  const kubectl = (line: string, input?: string) => cluster.kubectl(line, input);
  const state = (): State =>
    JSON.parse(readFileSync(join(cluster.folder, 'data', 'default', 'cluster.json'), 'utf8')) as State;
  const nodeFolder = () => join(cluster.folder, 'data', 'default', 'nodes', state().nodes[0]?.name ?? '');
  const containerdPid = () => Number(readFileSync(join(nodeFolder(), 'containerd', 'containerd.pid'), 'utf8'));
  /** Containers and how often each was restarted. */
  const containers = () =>
    kubectl(
      'get pods -l app=web --sort-by=.metadata.name -o \'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{"\\n"}{end}\'',
    );
  /** A pod that is made now runs. */
  const podRuns = async (name: string) => {
    await eventually(
      `pod ${name} is made`,
      30_000,
      async () =>
        (await cluster.tryKubectl(['run', name, '--image=busybox:1.36', '--restart=Never', '--', 'true'])).code === 0,
    );
    await kubectl(`wait '--for=jsonpath={.status.phase}=Succeeded' pod/${name} --timeout=40s`);
  };

  beforeAll(async () => {
    cluster = await startCluster();
    await cluster.loadImage(await busyboxImage(cluster.folder));
    await kubectl('create -f -', deployment(2));
    await kubectl('rollout status deployment/web --timeout=60s');
  }, 180_000);
  afterAll(() => cluster?.remove(), 60_000);

  it('refuses a second start on the same data, and a port in use', async () => {
    expectOneLine(
      await cluster.kedge(['up']),
      3,
      /^kedge up: Cluster default already runs \(pid \d+, https:.*kedge down/,
    );
    const port = String(state().port);
    const other = join(cluster.folder, 'other');
    const taken = await kedgeCommand(['up', '--data', other, '--api-only', '--port', port]);
    expectOneLine(taken, 4, /^kedge up: Port \d+ on 127\.0\.0\.1 is in use; choose another with --port/);
    expect((await kubectl('get --raw /readyz')).trim()).toBe('ok');
  });

  it('keeps containers when the agent is killed, and counts no restart', async () => {
    const before = await containers();
    const running = processesWith(`sleep ${MARK}`).sort();
    expect(running).toHaveLength(2);
    const agent = state().nodes[0]?.pid as number;
    await killHard(agent);
    await eventually('another agent runs', 20_000, async () => state().nodes[0]?.pid !== agent);
    await podRuns('after-agent');
    expect(await containers()).toBe(before);
    expect(processesWith(`sleep ${MARK}`).sort()).toEqual(running);
    expect(await kubectl('get nodes --no-headers')).toMatch(/\sReady\s/);
    expect(await kubectl('logs after-agent')).toBe('');
  });

  it('keeps containers when containerd is killed', async () => {
    const before = await containers();
    const running = processesWith(`sleep ${MARK}`).sort();
    await killHard(containerdPid());
    await podRuns('after-containerd');
    expect(await containers()).toBe(before);
    expect(processesWith(`sleep ${MARK}`).sort()).toEqual(running);
    const pod = (await kubectl('get pods -l app=web -o name')).split('\n')[0];
    expect(await kubectl(`exec ${pod} -- echo still here`)).toBe('still here\n');
  });

  it('loses nothing acknowledged and goes on when the control plane is killed in a rolling update', async () => {
    await kubectl('scale deployment/web --replicas=4');
    await kubectl('rollout status deployment/web --timeout=60s');
    await kubectl('set env deployment/web STEP=2');
    const acknowledged: string[] = [];
    let writing = true;
    const writer = (async () => {
      for (let i = 0; writing; i++) {
        const result = await cluster.tryKubectl(['create', 'configmap', `written-${i}`, `--from-literal=i=${i}`]);
        if (result.code === 0) acknowledged.push(`configmap/written-${i}`);
      }
    })();
    for (let kill = 0; kill < 3; kill++) {
      const enough = acknowledged.length + 2;
      await eventually('writes are acknowledged', 30_000, async () => acknowledged.length >= enough);
      const plane = state().controlPlanePid;
      await killHard(plane);
      await eventually('it is started again', 20_000, async () => state().controlPlanePid !== plane);
    }
    await eventually('the API answers', 20_000, async () => (await cluster.tryKubectl(['get', 'ns'])).code === 0);
    writing = false;
    await writer;
    expect((await kubectl('get configmaps -o name')).split('\n')).toEqual(expect.arrayContaining(acknowledged));
    await kubectl('rollout status deployment/web --timeout=90s');
    const steps = await kubectl(
      "get pods -l app=web --field-selector=status.phase=Running -o 'jsonpath={.items[*].spec.containers[0].env[0].value}'",
    );
    expect(steps).toBe('2 2 2 2');
    await eventually('four programs run', 20_000, async () => processesWith(`sleep ${MARK}`).length === 4);
  });

  it('goes on when control plane and agent are killed at once in a rolling update', async () => {
    await kubectl('set env deployment/web STEP=3');
    const { controlPlanePid, nodes } = state();
    const agent = nodes[0]?.pid as number;
    await Promise.all([killHard(controlPlanePid), killHard(agent)]);
    await eventually('both run again', 30_000, async () => {
      const now = state();
      return now.controlPlanePid !== controlPlanePid && now.nodes[0]?.pid !== agent;
    });
    await eventually('the API answers', 20_000, async () => (await cluster.tryKubectl(['get', 'ns'])).code === 0);
    await kubectl('rollout status deployment/web --timeout=90s');
    await eventually('four programs run', 20_000, async () => processesWith(`sleep ${MARK}`).length === 4);
    expect(
      await kubectl("get pods -l app=web -o 'jsonpath={.items[*].status.containerStatuses[0].restartCount}'"),
    ).toMatch(/^0( 0)*$/);
  });

  it('takes up after kedge up itself was killed, with the same containers', async () => {
    const before = await containers();
    const running = processesWith(`sleep ${MARK}`).sort();
    const old = state();
    await killHard(old.pid);
    expect(isAlive(old.controlPlanePid)).toBe(true);
    await cluster.up();
    expect(isAlive(old.controlPlanePid)).toBe(false);
    expect(isAlive(old.nodes[0]?.pid as number)).toBe(false);
    expect(state().port).toBe(old.port);
    expect(cluster.output()).toMatch(/The last run \(pid \d+\) was killed; ended 2 processes of it/);
    await podRuns('after-up');
    expect(await containers()).toBe(before);
    expect(processesWith(`sleep ${MARK}`).sort()).toEqual(running);
  });

  it('stops a cluster whose kedge up was killed, containers included', async () => {
    await killHard(state().pid);
    const down = await cluster.kedge(['down']);
    expect(down, down.stderr).toMatchObject({ code: 0, stdout: 'Cluster default is stopped\n' });
    expectNothingLeft();
    await cluster.up();
    await kubectl('rollout status deployment/web --timeout=60s');
  });

  it('stops containers that nobody is left to answer for', async () => {
    await eventually('four programs run', 30_000, async () => processesWith(`sleep ${MARK}`).length === 4);
    const { pid, controlPlanePid, nodes } = state();
    await killHard(pid);
    await Promise.all([killHard(controlPlanePid), killHard(nodes[0]?.pid as number)]);
    expect(processesWith(`sleep ${MARK}`)).toHaveLength(4);
    expect((await cluster.kedge(['down'])).stdout).toBe('Cluster default is stopped\n');
    expectNothingLeft();
    expect((await cluster.kedge(['down'])).stdout).toBe('Cluster default does not run\n');
    await cluster.up();
    await kubectl('rollout status deployment/web --timeout=60s');
  });

  it('stops everything on Ctrl-C and finds cluster and pods again', async () => {
    const names = await kubectl('get pods -l app=web -o name');
    const { pid } = state();
    process.kill(pid, 'SIGINT');
    await eventually('it stops', 40_000, async () => !isAlive(pid));
    expectNothingLeft();
    expect(existsSync(join(cluster.folder, 'data', 'default', 'cluster.json'))).toBe(false);
    await cluster.up();
    expect(await kubectl('get pods -l app=web -o name')).toBe(names);
    await eventually('the same pods run again', 60_000, async () => processesWith(`sleep ${MARK}`).length === 4);
    await kubectl('wait --for=condition=Ready pod -l app=web --timeout=60s');
  });

  function expectNothingLeft(): void {
    expect(commandsWith(`sleep ${MARK}`)).toEqual([]);
    expect(commandsWith(join(cluster.folder, 'data'))).toEqual([]);
    expect(mountsBelow(cluster.folder)).toEqual([]);
  }
});

describe('two starts at once', () => {
  it('give one cluster and one refusal', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kedge-twice-'));
    const data = join(folder, 'data');
    try {
      const words = ['up', '--api-only', '--data', data, '--detach'];
      const results = await Promise.all([1, 2, 3].map(() => kedgeCommand(words)));
      expect(results.map((result) => result.code).sort(), JSON.stringify(results)).toEqual([0, 3, 3]);
      for (const { code, stdout, stderr } of results)
        if (code === 3)
          expect(stdout + stderr).toMatch(/^kedge up: Cluster default already runs \(pid \d+.*kedge down/m);
      const status = await kedgeCommand(['status', '--data', data]);
      expect(status, status.stderr).toMatchObject({ code: 0 });
    } finally {
      await kedgeCommand(['delete', '--data', data]);
    }
    expect(existsSync(join(data, 'default'))).toBe(false);
    rmSync(folder, { recursive: true });
  });
});

describe('a reader that goes away', () => {
  it('does not keep a cluster from stopping in order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kedge-reader-'));
    const file = join(folder, 'default', 'cluster.json');
    const up = spawn(process.execPath, [kedgeProgram, 'up', '--api-only', '--data', folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise((resolve) => up.once('exit', resolve));
    await eventually('it runs', 30_000, async () => JSON.parse(readFileSync(file, 'utf8')).settled === true);
    const { controlPlanePid } = JSON.parse(readFileSync(file, 'utf8')) as State;
    up.stdout.destroy();
    up.stderr.destroy();
    up.kill('SIGHUP');
    expect(await ended).toBe(0);
    expect(isAlive(controlPlanePid)).toBe(false);
    expect(existsSync(file)).toBe(false);
    rmSync(folder, { recursive: true });
  });
});

describe.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('a bad disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-disk-'));
  const disk = join(folder, 'disk');
  const mount = (options: string) => {
    mkdirSync(disk, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
  };
  const up = (...words: string[]) => kedgeCommand(['up', '--api-only', '--port', '17999', '--data', disk, ...words]);

  afterEach(() => {
    execFileSync('umount', ['-l', disk], { stdio: 'ignore' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is refused when it is read-only', async () => {
    mount('ro,size=1m');
    expectOneLine(await up(), 1, /^kedge up: Could not write .*the file system is read-only.*--data/);
  });

  it('is refused when it is full', async () => {
    mount('size=64k');
    expect(() => writeFileSync(join(disk, 'filler'), Buffer.alloc(1 << 20))).toThrow(/ENOSPC/);
    expectOneLine(await up(), 1, /^kedge up: Could not write .*no space left on the device.*--data/);
  });

  it('answers an error to writes when it fills up, loses nothing, and goes on when there is space', async () => {
    mount('size=48m');
    const cluster = await startCluster(['--api-only', '--data', disk]);
    try {
      await cluster.kubectl('create configmap before --from-literal=a=1');
      const filler = join(disk, 'filler');
      try {
        writeFileSync(filler, Buffer.alloc(64 << 20));
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
      const manifest = `apiVersion: v1\nkind: ConfigMap\nmetadata: { generateName: big- }\ndata: { blob: ${'x'.repeat(400_000)} }\n`;
      const refused = await eventually('a write is refused', 30_000, async () => {
        const result = await cluster.tryKubectl(['create', '-f', '-'], manifest);
        return result.code === 0 ? undefined : result;
      });
      expect(refused.stderr).toMatch(/Error from server|error when creating/);
      expect(refused.stderr).not.toMatch(/^\s+at /m);
      rmSync(filler);
      await eventually(
        'writes go on',
        30_000,
        async () => (await cluster.tryKubectl(['create', 'configmap', 'after'])).code === 0,
      );
      expect(await cluster.kubectl("get configmap before -o 'jsonpath={.data.a}'")).toBe('1');
      expect(cluster.output()).not.toMatch(/^\s+at /m);
    } finally {
      await cluster.remove();
    }
  });
});
