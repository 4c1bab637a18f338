/** What people do with running pods by kubectl: logs, exec, attach, cp, port-forward, run, debug. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get } from './support/http.ts';
import { busyboxImage } from './support/images.ts';
import { eventually, type LocalCluster, startCluster } from './support/local-cluster.ts';
import { canRunContainers } from './support/machine.ts';
import { Terminal } from './support/terminal.ts';
import { toolPath } from './support/tools.ts';

const SHELL = `apiVersion: v1
kind: Pod
metadata:
  name: shell
  labels: { app: shell }
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: busybox:1.36
    command: [sh, -c, "mkdir -p /tmp/www && echo served > /tmp/www/index.html && busybox httpd -p 8080 -h /tmp/www; i=0; while true; do i=$((i+1)); echo tick $i; echo tock $i >&2; sleep 1; done"]
    ports: [{ containerPort: 8080, name: web }]
  - name: side
    image: busybox:1.36
    command: [sh, -c, "echo from the side; exec sleep 100000"]
`;

const CRASHER = `apiVersion: v1
kind: Pod
metadata: { name: crasher }
spec:
  containers:
  - name: main
    image: busybox:1.36
    command: [sh, -c, "echo run $(date +%s); echo farewell > /dev/termination-log; exit 3"]
`;

const CAT = `apiVersion: v1
kind: Pod
metadata: { name: cat }
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: busybox:1.36
    stdin: true
    command: [sh, -c, "while read line; do echo got $line; done; sleep 100000"]
`;

describe.skipIf(!canRunContainers())('kubectl and running pods', () => {
  let cluster: LocalCluster;
  const kubectl = (line: string, input?: string) => cluster.kubectl(line, input);
  /** kubectl on a terminal. */
  const onTerminal = (line: string) =>
    new Terminal(`${toolPath('kubectl')} ${line}`, { ...process.env, KUBECONFIG: cluster.kubeconfig });

  beforeAll(async () => {
    cluster = await startCluster();
    await cluster.loadImage(await busyboxImage(cluster.folder));
    await kubectl('create -f -', SHELL);
    await kubectl('create -f -', CRASHER);
    await kubectl('create -f -', CAT);
    await kubectl('wait --for=condition=Ready pod/shell pod/cat --timeout=60s');
  }, 180_000);
  afterAll(() => cluster?.remove(), 60_000);

  it('follows logs, cuts them, stamps them, chooses containers', async () => {
    const follow = cluster.spawnKubectl(['logs', '-f', 'shell', '-c', 'main', '--tail=1']);
    let text = '';
    follow.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    try {
      await eventually('lines keep coming', 15_000, async () => (text.match(/^tick \d+$/gm) ?? []).length >= 3);
    } finally {
      follow.kill();
    }
    const numbers = [...text.matchAll(/^tick (\d+)$/gm)].map((match) => Number(match[1]));
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] as number) + index));
    expect((await kubectl('logs shell -c main --tail=2')).trim().split('\n')).toHaveLength(2);
    expect(await kubectl('logs shell -c side')).toBe('from the side\n');
    expect(await kubectl('logs shell')).toMatch(/^tick 1$/m);
    expect(await kubectl('logs shell --all-containers --prefix')).toContain('[pod/shell/side] from the side');
    expect(await kubectl('logs -l app=shell -c side')).toBe('from the side\n');
    expect(await kubectl('logs shell -c main --timestamps --limit-bytes=60')).toMatch(
      /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z t[io]ck 1\n/,
    );
    expect((await kubectl('logs shell -c main --since=2s')).split('\n').length).toBeLessThan(9);
    const refused = await cluster.tryKubectl(['logs', 'shell', '-c', 'nobody']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('container nobody is not valid for pod shell');
  });

  it('shows the log of the container before, its end and its message', async () => {
    await eventually('it was restarted', 40_000, async () => (await restarts('crasher')) >= 1);
    const previous = await kubectl('logs crasher --previous');
    expect(previous).toMatch(/^run \d+\n$/);
    const status = JSON.parse(await kubectl('get pod crasher -o json')).status.containerStatuses[0];
    const last = status.lastState.terminated ?? status.state.terminated;
    expect(last).toMatchObject({ exitCode: 3, reason: 'Error', message: 'farewell\n' });
    await eventually('the back-off is shown', 20_000, async () =>
      /CrashLoopBackOff/.test(await kubectl('get pod crasher --no-headers')),
    );
    await eventually('the back-off is told', 20_000, async () =>
      /Back-off restarting failed container main in pod crasher_default/.test(
        await kubectl('events --for pod/crasher'),
      ),
    );
    const never = await cluster.tryKubectl(['logs', 'shell', '-c', 'side', '--previous']);
    expect(never.stderr).toContain('previous terminated container "side" in pod "shell" not found');
  });
  const restarts = async (pod: string) =>
    Number(await kubectl(`get pod ${pod} -o 'jsonpath={.status.containerStatuses[0].restartCount}'`));

  it('executes with input, both outputs and the exit code', async () => {
    const both = await cluster.tryKubectl([
      'exec',
      'shell',
      '-c',
      'main',
      '--',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 7',
    ]);
    expect(both).toMatchObject({ code: 7, stdout: 'out\n' });
    expect(both.stderr).toContain('err\n');
    expect(both.stderr).toContain('command terminated with exit code 7');
    const blob = randomBytes(3 << 20).toString('hex');
    expect(await cluster.kubectl('exec -i shell -c main -- md5sum', blob)).toBe(
      `${createHash('md5').update(blob).digest('hex')}  -\n`,
    );
    const missing = await cluster.tryKubectl(['exec', 'shell', '--', 'no-such-program']);
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toMatch(/no-such-program/);
    expect((await cluster.tryKubectl(['exec', 'nobody', '--', 'true'])).stderr).toContain('pods "nobody" not found');
  });

  it('gives a terminal: prompt, size, resize, interrupt, exit code', async () => {
    const terminal = onTerminal('exec -it shell -c main -- sh');
    await terminal.until(/ # /);
    terminal.type('stty size\n');
    await terminal.until(/24 80/);
    await terminal.resize(33, 111);
    await eventually('the new size arrived', 10_000, async () => {
      terminal.type('stty size\n');
      await new Promise((resolve) => setTimeout(resolve, 200));
      return terminal.text.includes('33 111');
    });
    terminal.type('tty; sleep 1000\n');
    await terminal.until(/\/dev\/pts\/0/);
    terminal.type('\u0003');
    terminal.type('echo after-$((40+2))\n');
    await terminal.until(/after-42/);
    terminal.type('exit 9\n');
    expect(await terminal.ended).toBe(9);
  });

  it('attaches to input and output', async () => {
    const attached = cluster.spawnKubectl(['attach', '-i', 'cat']);
    let text = '';
    attached.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    try {
      attached.stdin?.write('one\n');
      await eventually('the echo comes', 15_000, async () => text.includes('got one'));
      attached.stdin?.write('two\n');
      await eventually('the second echo comes', 15_000, async () => text.includes('got two'));
    } finally {
      attached.kill();
    }
    expect(await kubectl('logs cat')).toBe('got one\ngot two\n');
  });

  it('copies files both ways unharmed', async () => {
    const source = join(cluster.folder, 'source.bin');
    const back = join(cluster.folder, 'back.bin');
    const content = randomBytes(8 << 20);
    writeFileSync(source, content);
    await kubectl(`cp ${source} shell:/tmp/copied.bin -c main`);
    expect(await kubectl('exec shell -c main -- md5sum /tmp/copied.bin')).toContain(
      createHash('md5').update(content).digest('hex'),
    );
    await kubectl(`cp shell:/tmp/copied.bin ${back} -c main`);
    expect(readFileSync(back).equals(content)).toBe(true);
    writeFileSync(source, 'small');
    expect((await cluster.tryKubectl(['cp', source, 'shell:/no/such/folder/x', '-c', 'main'])).code).not.toBe(0);
  });

  it('forwards ports, several connections at once, by name, and tells refused ones', async () => {
    const forward = cluster.spawnKubectl(['port-forward', 'pod/shell', ':web', ':9999']);
    let text = '';
    const collect = (chunk: Buffer) => {
      text += chunk.toString();
    };
    forward.stdout?.on('data', collect);
    forward.stderr?.on('data', collect);
    try {
      const port = await eventually('it forwards', 15_000, async () => /127\.0\.0\.1:(\d+) -> 8080/.exec(text)?.[1]);
      const answers = await Promise.all(Array.from({ length: 12 }, () => get(`http://127.0.0.1:${port}/`)));
      expect(new Set(answers)).toEqual(new Set(['served\n']));
      const closed = await eventually('and the other', 5_000, async () => /127\.0\.0\.1:(\d+) -> 9999/.exec(text)?.[1]);
      await expect(get(`http://127.0.0.1:${closed}/`)).rejects.toThrow();
      await eventually('the refusal is told', 10_000, async () =>
        /error forwarding port 9999|connection refused/i.test(text),
      );
    } finally {
      forward.kill();
    }
  });

  it('runs a pod on a terminal and removes it, and passes its exit code on', async () => {
    const terminal = onTerminal('run once --rm -it --image=busybox:1.36 --restart=Never -- sh');
    await terminal.until(/ # /);
    terminal.type('echo in-$((1+1))\n');
    await terminal.until(/in-2/);
    terminal.type('exit 4\n');
    expect(await terminal.ended).toBe(4);
    await eventually('it is gone', 20_000, async () => !(await kubectl('get pods -o name')).includes('pod/once'));
    const piped = await cluster.tryKubectl(
      ['run', 'piped', '--rm', '-i', '--quiet', '--image=busybox:1.36', '--restart=Never', '--', 'wc', '-c'],
      'twelve bytes',
    );
    expect(piped).toMatchObject({ code: 0 });
    expect(piped.stdout).toContain('12');
  });

  it('describes, counts events, and refuses what it has not in one clear line', async () => {
    const described = await kubectl('describe pod crasher');
    expect(described).toMatch(/Last State:\s+Terminated\s+Reason:\s+Error\s+Message:\s+farewell/);
    expect(described).toMatch(/Warning\s+BackOff/);
    expect(await kubectl('describe node')).toMatch(/Non-terminated Pods:\s+\(\d+ in total\)/);
    expect(await kubectl('get events --field-selector reason=Started -o name')).toContain('event/shell.');
    const top = await cluster.tryKubectl(['top', 'pods']);
    expect(top).toMatchObject({ code: 1, stderr: 'error: Metrics API not available\n' });
    const missing = await cluster.tryKubectl(['get', 'nonsense']);
    expect(missing.stderr).toBe('error: the server doesn\'t have a resource type "nonsense"\n');
  });

  it('debugs: a copy of the pod, and the node', async () => {
    const copy = await cluster.tryKubectl([
      'debug',
      'shell',
      '--copy-to=shell-copy',
      '--container=debugger',
      '--image=busybox:1.36',
      '--',
      'sleep',
      '1000',
    ]);
    expect(copy, copy.stderr).toMatchObject({ code: 0 });
    await kubectl('wait --for=condition=Ready pod/shell-copy --timeout=30s');
    expect(await kubectl('exec shell-copy -c debugger -- hostname')).toBe('shell-copy\n');
    await kubectl('delete pod shell-copy --grace-period=0 --force');
    const node = (await kubectl('get nodes -o name')).trim();
    const debug = await cluster.tryKubectl([
      'debug',
      node,
      '--attach',
      '--quiet',
      '--image=busybox:1.36',
      '--profile=sysadmin',
      '--',
      'sh',
      '-c',
      // kubectl shows what is written after it attached. With -i and an input at its end containerd would detach at once.
      'sleep 2; ls /host/etc/hostname',
    ]);
    expect(debug, debug.stderr).toMatchObject({ code: 0 });
    expect(debug.stdout).toContain('/host/etc/hostname');
  });

  it('adds an ephemeral container, or says why not', async () => {
    const result = await cluster.tryKubectl([
      'debug',
      'shell',
      '--image=busybox:1.36',
      '--container=eph',
      '--target=main',
      '--',
      'sleep',
      '1000',
    ]);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    const state = await eventually('the container runs or is refused', 20_000, async () => {
      const running = await kubectl(
        "get pod shell -o 'jsonpath={.status.ephemeralContainerStatuses[0].state.running.startedAt}'",
      );
      if (running !== '') return 'running';
      return /ephemeral/i.test(await kubectl('events --for pod/shell')) && 'refused';
    });
    expect(['running', 'refused']).toContain(state);
  });
});
