/** A second machine joins: pods on both, reached from both; its agent dies, and comes back. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage } from './support/images.ts';
import { containerdOf, JoinedNode, OtherMachine } from './support/joined-node.ts';
import { eventually, kedgeCommand, type LocalCluster, startCluster } from './support/local-cluster.ts';
import { canRunContainers } from './support/machine.ts';
import { isAlive, killHard, mountsBelow, processesWith } from './support/processes.ts';

/** Seconds that the pods stay on a lost node. */
const TOLERATION = 3;
/** node-monitor-grace-period of upstream, and what two passes of the controller may take on top. */
const NOT_READY_MS = 50_000;
const MARK = `32${Date.now()}`;

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 4
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
      tolerations:
      - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: ${TOLERATION} }
      - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: ${TOLERATION} }
      containers:
      - name: web
        image: busybox:1.36
        command: [sh, -c, "mkdir -p /tmp/www; hostname > /tmp/www/index.html; exec busybox httpd -f -p 8080 -h /tmp/www"]
        ports: [{ containerPort: 8080 }]
        readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
        resources: { requests: { cpu: 50m } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
`;

/** Stays on its node whatever happens. */
const STAYER = `apiVersion: v1
kind: Pod
metadata: { name: stayer }
spec:
  nodeName: second
  terminationGracePeriodSeconds: 0
  tolerations: [{ operator: Exists }]
  containers: [{ name: main, image: "busybox:1.36", command: [sleep, "${MARK}"] }]
`;

interface PodView {
  name: string;
  node: string;
  ip: string;
}

describe.skipIf(!canRunContainers())('a second node', () => {
  let machine: OtherMachine;
  let cluster: LocalCluster;
  let second: JoinedNode;
  let stateDir: string;
  let first: string;
  const kubectl = (line: string, input?: string) => cluster.kubectl(line, input);
  const caFile = () => join(cluster.folder, 'data', 'default', 'tls', 'ca.crt');
  const join_ = (...words: string[]) =>
    new JoinedNode(machine, [
      cluster.server,
      ...['--ca-file', caFile(), '--name', 'second', '--state-dir', stateDir, '--no-install', ...words],
    ]);
  const pods = async (): Promise<PodView[]> =>
    (
      await kubectl(
        'get pods -l app=web --field-selector=status.phase=Running -o \'jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName} {.status.podIP} {.metadata.deletionTimestamp}{"\\n"}{end}\'',
      )
    )
      .split('\n')
      .map((line) => line.split(' '))
      .filter((parts) => parts.length > 2 && parts[3] === '')
      .map(([name, node, ip]) => ({ name, node, ip }) as PodView);
  const nodeStatus = async (name: string) =>
    kubectl(`get node ${name} -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'`);

  beforeAll(async () => {
    machine = new OtherMachine();
    cluster = await startCluster(['--listen', machine.hostAddress]);
    stateDir = join(cluster.folder, 'second');
    first = (await kubectl("get nodes -o 'jsonpath={.items[0].metadata.name}'")).trim();
    const image = await busyboxImage(cluster.folder);
    await cluster.loadImage(image);
    const token = (await cluster.kedge(['token', 'create'])).stdout.trim();
    second = join_('--token', token);
    await eventually('the second node is Ready', 60_000, async () => (await nodeStatus('second')) === 'True').catch(
      (error) => {
        throw new Error(`${String(error)}\n${second.output}`);
      },
    );
    expect(await kedgeCommand(['image', 'load', image, '--state-dir', stateDir])).toMatchObject({ code: 0 });
  }, 180_000);
  afterAll(async () => {
    // Only an agent stops the pods of its node.
    if (second && !second.running && existsSync(join(stateDir, 'containerd', 'containerd.pid'))) {
      second = join_();
      await second.agent();
      await eventually('it knows its pods', 20_000, async () => second.output.includes('is ready'));
    }
    await second?.stop();
    await cluster?.remove();
    machine?.remove();
  }, 90_000);

  it('is listed with its own address, pod range and version', async () => {
    const nodes = await kubectl(
      'get nodes -o \'jsonpath={range .items[*]}{.metadata.name} {.status.addresses[0].address} {.spec.podCIDR}{"\\n"}{end}\'',
    );
    expect(nodes).toContain(`${first} ${machine.hostAddress} 10.244.`);
    expect(nodes).toContain(`second ${machine.address} 10.244.`);
    expect(new Set(nodes.match(/10\.244\.\d+\.0\/24/g))).toHaveProperty('size', 2);
    expect(await kubectl("get node second -o 'jsonpath={.status.nodeInfo.kubeletVersion}'")).toMatch(/^v1\.36/);
    expect(await kubectl('get secrets -n kube-system -o name')).toContain('secret/bootstrap-token-');
  });

  it('refuses bad tokens and wrong addresses in one line, and leaves nothing behind', async () => {
    const third = new OtherMachine(1);
    const elsewhere = ['--state-dir', join(cluster.folder, 'third'), '--name', 'third', '--no-install'];
    const cases: [string[], number, RegExp][] = [
      [[cluster.server, '--token', 'nonsense'], 2, /flag --token takes a join token like abcdef\.0123456789abcdef/],
      [['http://10.213.77.1:80', '--token', 'abcdef.0123456789abcdef'], 2, /https only/],
      [['nowhere', '--token', 'abcdef.0123456789abcdef'], 2, /"nowhere" is not a URL/],
      [[cluster.server, '--ca-file', caFile(), '--token', 'abcdef.0123456789abcdef'], 1, /refuses this node/],
      [[cluster.server, '--token', 'abcdef.0123456789abcdef'], 1, /--ca-file/],
      [[cluster.server, '--ca-file', caFile()], 1, /give a join token/],
      [
        ['https://10.213.77.1:9', '--token', 'abcdef.0123456789abcdef'],
        1,
        /does not answer as an API server: .*ECONNREFUSED/,
      ],
    ];
    try {
      for (const [words, code, text] of cases) {
        const result = await new JoinedNode(third, [...words, ...elsewhere]).ended;
        expect(result.stderr.trim().split('\n'), result.stderr).toHaveLength(1);
        expect(result.stderr).toMatch(text);
        expect(result.stderr).toMatch(/^kedge node join: /);
        expect(result.code, result.stderr).toBe(code);
      }
    } finally {
      third.remove();
    }
    expect(processesWith(join(cluster.folder, 'third'))).toEqual([]);
    expect((await cluster.tryKubectl(['get', 'node', 'third'])).code).toBe(1);
  });

  it('runs pods on both nodes, which reach each other and the service', async () => {
    await kubectl('apply -f -', WEB);
    await kubectl('rollout status deployment/web --timeout=60s');
    const all = await pods();
    const here = all.filter((pod) => pod.node === first);
    const there = all.filter((pod) => pod.node === 'second');
    expect([here.length, there.length]).toEqual([2, 2]);
    const [one, other] = [here[0], there[0]] as [PodView, PodView];
    const ask = (from: PodView, url: string) => kubectl(`exec ${from.name} -- wget -q -O - ${url}`);
    expect(await ask(one, `http://${other.ip}:8080/`)).toBe(`${other.name}\n`);
    expect(await ask(other, `http://${one.ip}:8080/`)).toBe(`${one.name}\n`);
    for (const from of [one, other]) {
      const names = all.map((pod) => pod.name).sort();
      await eventually('every pod answers for the service', 15_000, async () => {
        const answers = await kubectl(
          `exec ${from.name} -- sh -c 'for i in $(seq 40); do wget -q -O - http://web.default.svc.cluster.local/; done'`,
        );
        return [...new Set(answers.trim().split('\n'))].sort().join() === names.join();
      });
    }
    expect(await kubectl(`exec ${other.name} -- cat /tmp/www/index.html`)).toBe(`${other.name}\n`);
    expect(await kubectl(`logs ${other.name}`)).toBe('');
  });

  it('loses its pods to the other node when its agent dies, and is found again with its containers', async () => {
    await kubectl('create -f -', STAYER);
    await kubectl('wait --for=condition=Ready pod/stayer --timeout=30s');
    const stayer = () =>
      kubectl(
        "get pod stayer -o 'jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}'",
      );
    const before = await stayer();
    const [program] = processesWith(`sleep ${MARK}`);
    await killHard(await second.agent());
    const killedAt = performance.now();
    const ended = await second.ended;
    expect(ended.code).toBe(1);

    await eventually('the node is lost', NOT_READY_MS + 15_000, async () => (await nodeStatus('second')) === 'Unknown');
    expect(performance.now() - killedAt).toBeGreaterThan(NOT_READY_MS - 15_000);
    expect(await kubectl('get node second --no-headers')).toMatch(/^second\s+NotReady\s/);
    expect(await kubectl("get node second -o 'jsonpath={.spec.taints[*].key}'")).toContain(
      'node.kubernetes.io/unreachable',
    );
    await eventually('its pods are replaced', (TOLERATION + 20) * 1000, async () => {
      const now = await pods();
      return now.length === 4 && now.every((pod) => pod.node === first);
    });
    const answer = await kubectl(`exec ${(await pods())[0]?.name} -- wget -q -O - http://web/`);
    expect((await pods()).map((pod) => `${pod.name}\n`)).toContain(answer);
    expect(processesWith(`sleep ${MARK}`)).toEqual([program]);
    expect(isAlive(containerdOf(stateDir))).toBe(true);

    second = join_();
    await eventually('the node is Ready again', 30_000, async () => (await nodeStatus('second')) === 'True');
    await eventually(
      'the lost pods are gone',
      30_000,
      async () => (await kubectl('get pods --field-selector=spec.nodeName=second -o name')) === 'pod/stayer\n',
    );
    expect(await stayer()).toBe(before);
    expect(processesWith(`sleep ${MARK}`)).toEqual([program]);
    expect(await kubectl("get node second -o 'jsonpath={.spec.taints}'")).toBe('');
    expect(await kubectl('exec stayer -- echo back')).toBe('back\n');
  });

  it('ends with its pods on Ctrl-C', async () => {
    await second.stop();
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(processesWith(`sleep ${MARK}`)).toEqual([]);
    expect(processesWith(stateDir)).toEqual([]);
    expect(mountsBelow(stateDir)).toEqual([]);
    rmSync(stateDir, { recursive: true });
  });
});
