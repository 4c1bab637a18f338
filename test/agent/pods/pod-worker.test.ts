import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Bench, createBench, IMAGE, settle } from '../node-bench.ts';

let bench: Bench;
const script = new Map<string, number>();
const main = (more: object = {}) => [{ name: 'main', image: IMAGE, imagePullPolicy: 'IfNotPresent', ...more }];

beforeEach(async () => {
  script.clear();
  bench = await createBench({
    exec: (_status, command) => ({ exitCode: script.get(command[0] ?? '') ?? 0, stdout: Buffer.from('said') }),
  });
});
afterEach(() => bench.close());

const state = (pod: { status?: { containerStatuses?: { state?: object }[] } }) =>
  pod.status?.containerStatuses?.[0]?.state as
    | {
        waiting?: { reason: string; message?: string };
        running?: object;
        terminated?: { reason: string; exitCode: number };
      }
    | undefined;

describe('a pod on a node', () => {
  test('runs, with the status and the events that kubelet gives', async () => {
    await bench.create('web', { containers: main({ resources: { limits: { cpu: '100m', memory: '64Mi' } } }) });
    const { status } = await bench.until('web', (pod) => pod.status?.phase === 'Running');
    expect(status?.conditions?.map((c) => [c.type, c.status])).toEqual(
      expect.arrayContaining([
        ['PodReadyToStartContainers', 'True'],
        ['Initialized', 'True'],
        ['Ready', 'True'],
        ['ContainersReady', 'True'],
        ['PodScheduled', 'True'],
      ]),
    );
    expect(status?.conditions?.every((c) => c.reason === undefined && c.message === undefined)).toBe(true);
    expect(status).toMatchObject({
      hostIP: '192.0.2.1',
      podIP: '10.244.0.2',
      podIPs: [{ ip: '10.244.0.2' }],
      qosClass: 'Guaranteed',
      containerStatuses: [{ name: 'main', ready: true, started: true, restartCount: 0, lastState: {}, image: IMAGE }],
    });
    const told = (await bench.events('web')).map((e) => [e.type, e.reason, e.message, e.involvedObject?.fieldPath]);
    expect(told).toEqual([
      [
        'Normal',
        'Pulled',
        `Container image "${IMAGE}" already present on machine and can be accessed by the pod`,
        'spec.containers{main}',
      ],
      ['Normal', 'Created', 'Container created', 'spec.containers{main}'],
      ['Normal', 'Started', 'Container started', 'spec.containers{main}'],
    ]);
  });

  test('is restarted after 0, 10, 20, 40, 80, 160, 300 and 300 seconds when it crashes', async () => {
    await bench.create('crash', {});
    await bench.until('crash', (pod) => state(pod)?.running);
    await bench.exit('crash', 1);
    await bench.until('crash', (pod) => pod.status?.containerStatuses?.[0]?.restartCount === 1);
    for (const [index, seconds] of [10, 20, 40, 80, 160, 300, 300].entries()) {
      await bench.exit('crash', 1);
      const waiting = await bench.until('crash', (pod) => state(pod)?.waiting?.reason === 'CrashLoopBackOff');
      const shown = seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
      expect(state(waiting)?.waiting?.message).toContain(
        `back-off ${shown} restarting failed container=main pod=crash_default(`,
      );
      bench.clock.advance(seconds * 1000 - 1000);
      await settle(60);
      expect((await bench.get('crash'))?.status?.containerStatuses?.[0]?.restartCount).toBe(index + 1);
      bench.clock.advance(1000);
      await bench.until(
        'crash',
        (pod) => pod.status?.containerStatuses?.[0]?.restartCount === index + 2 && state(pod)?.running,
      );
    }
  });

  test('starts its waits anew after ten quiet minutes', async () => {
    await bench.create('calm', {});
    await bench.until('calm', (pod) => state(pod)?.running);
    await bench.exit('calm', 1);
    await bench.until('calm', (pod) => pod.status?.containerStatuses?.[0]?.restartCount === 1);
    bench.clock.advance(601_000);
    await bench.exit('calm', 1);
    await bench.until('calm', (pod) => pod.status?.containerStatuses?.[0]?.restartCount === 2);
  });

  test.each([
    ['Never', 0, 'Succeeded'],
    ['Never', 3, 'Failed'],
    ['OnFailure', 0, 'Succeeded'],
  ])('with restartPolicy %s ends with exit code %i as %s', async (restartPolicy, exitCode, phase) => {
    await bench.create('job', { restartPolicy });
    await bench.until('job', (pod) => state(pod)?.running);
    await bench.exit('job', exitCode);
    const pod = await bench.until('job', ({ status }) => status?.phase === phase);
    expect(state(pod)?.terminated).toMatchObject({ exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' });
    const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: phase === 'Failed' ? 'PodFailed' : 'PodCompleted' });
    expect((await bench.runtime.listPodSandboxes()).map((sandbox) => sandbox.state)).toEqual(['notReady']);
  });

  test('runs init containers one after the other before its containers', async () => {
    const init = ['one', 'two'].map((name) => ({ name, image: IMAGE, imagePullPolicy: 'IfNotPresent' }));
    await bench.create('init', { initContainers: init });
    const first = await bench.until('init', (pod) => pod.status?.initContainerStatuses?.[0]?.state?.running);
    expect(first.status?.phase).toBe('Pending');
    expect(state(first)?.waiting).toEqual({ reason: 'PodInitializing' });
    expect(first.status?.conditions?.find((c) => c.type === 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [one two]',
    });
    expect(await bench.container('init', 'two')).toBeUndefined();
    await bench.exit('init', 0, 'one');
    await bench.until('init', (pod) => pod.status?.initContainerStatuses?.[1]?.state?.running);
    await bench.exit('init', 0, 'two');
    await bench.until('init', (pod) => pod.status?.phase === 'Running');
  });

  test('fails when an init container fails and nothing may restart', async () => {
    const init = [{ name: 'one', image: IMAGE, imagePullPolicy: 'IfNotPresent' }];
    await bench.create('init', { initContainers: init, restartPolicy: 'Never' });
    await bench.until('init', (pod) => pod.status?.initContainerStatuses?.[0]?.state?.running);
    await bench.exit('init', 2, 'one');
    await bench.until('init', (pod) => pod.status?.phase === 'Failed');
    expect(await bench.container('init', 'main')).toBeUndefined();
  });

  test('keeps sidecars running beside its containers and stops them when those are done', async () => {
    const side = { name: 'side', image: IMAGE, imagePullPolicy: 'IfNotPresent', restartPolicy: 'Always' };
    await bench.create('car', { initContainers: [side], restartPolicy: 'Never' });
    await bench.until('car', (pod) => pod.status?.phase === 'Running');
    await bench.exit('car', 1, 'side');
    await bench.until('car', (pod) => pod.status?.initContainerStatuses?.[0]?.restartCount === 1);
    await bench.exit('car', 0);
    const pod = await bench.until('car', ({ status }) => status?.phase === 'Succeeded');
    expect(pod.status?.initContainerStatuses?.[0]?.state?.terminated).toBeDefined();
  });

  test('waits for an image with growing pauses', async () => {
    const { RuntimeError } = await import('../../../src/agent/runtime/contract.ts');
    bench.runtime.failOn('pullImage', new RuntimeError('Unknown', 'no such registry'));
    await bench.create('pull', { containers: main({ image: 'elsewhere.test/app:2' }) });
    await bench.until('pull', (pod) => state(pod)?.waiting?.reason === 'ErrImagePull');
    bench.clock.advance(9_000);
    await settle(60);
    expect(bench.runtime.calls.filter((call) => call === 'pullImage')).toHaveLength(1);
    bench.clock.advance(1_000);
    await bench.untilTrue(() => bench.runtime.calls.filter((call) => call === 'pullImage').length === 2);
    bench.runtime.failOn('pullImage');
    bench.clock.advance(20_000);
    await bench.until('pull', (pod) => pod.status?.phase === 'Running');
    const reasons = (await bench.events('pull')).map((event) => event.reason);
    expect(reasons).toEqual(expect.arrayContaining(['Pulling', 'Failed', 'Pulled', 'Created', 'Started']));
  });

  test('says that an image may not be pulled, and that a name is none', async () => {
    await bench.create('never', { containers: main({ image: 'elsewhere.test/app:2', imagePullPolicy: 'Never' }) });
    await bench.create('odd', { containers: main({ image: 'No:::Name' }) });
    await bench.until('never', (pod) => state(pod)?.waiting?.reason === 'ErrImageNeverPull');
    await bench.until('odd', (pod) => state(pod)?.waiting?.reason === 'InvalidImageName');
  });

  test('waits for a ConfigMap that its environment needs', async () => {
    const env = [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } }];
    await bench.create('conf', { containers: main({ env }) });
    const pod = await bench.until('conf', (p) => state(p)?.waiting?.reason === 'CreateContainerConfigError');
    expect(state(pod)?.waiting?.message).toBe('configmap "settings" not found');
    await bench.cluster.send('POST /api/v1/namespaces/default/configmaps', {
      body: { metadata: { name: 'settings' }, data: { a: '1' } },
    });
    bench.clock.advance(10_000);
    await bench.until('conf', (p) => p.status?.phase === 'Running');
  });

  test('tells which volume cannot be mounted, and starts when it can', async () => {
    const volumes = [{ name: 'v', configMap: { name: 'files' } }];
    await bench.create('vol', { volumes, containers: main({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }) });
    await bench.untilTrue(async () => (await bench.events('vol')).length > 0);
    expect((await bench.events('vol'))[0]).toMatchObject({
      reason: 'FailedMount',
      message: 'MountVolume.SetUp failed for volume "v" : configmap "files" not found',
    });
    await bench.cluster.send('POST /api/v1/namespaces/default/configmaps', {
      body: { metadata: { name: 'files' }, data: { a: '1' } },
    });
    bench.clock.advance(130_000);
    await bench.until('vol', (p) => p.status?.phase === 'Running');
  });

  test('is ready when its readiness probe says so', async () => {
    script.set('ready', 1);
    await bench.create('probe', {
      containers: main({ readinessProbe: { exec: { command: ['ready'] }, periodSeconds: 5 } }),
    });
    const pod = await bench.until('probe', (p) => p.status?.phase === 'Running');
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({ ready: false, started: true });
    bench.clock.advance(0);
    await settle();
    script.set('ready', 0);
    bench.clock.advance(5_000);
    await bench.until('probe', (p) => p.status?.containerStatuses?.[0]?.ready);
    const [event] = (await bench.events('probe')).filter((e) => e.reason === 'Unhealthy');
    expect(event?.message).toBe('Readiness probe failed: said');
  });

  test('is restarted when its liveness probe fails often enough, once the startup probe has passed', async () => {
    script.set('up', 1).set('alive', 1);
    const containers = main({
      startupProbe: { exec: { command: ['up'] }, periodSeconds: 1, failureThreshold: 30 },
      livenessProbe: { exec: { command: ['alive'] }, periodSeconds: 1, failureThreshold: 2 },
    });
    await bench.create('live', { containers });
    const before = await bench.until('live', (p) => p.status?.phase === 'Running');
    expect(before.status?.containerStatuses?.[0]).toMatchObject({ ready: false, started: false });
    for (let second = 0; second < 10; second++) {
      bench.clock.advance(1000);
      await settle(20);
    }
    expect((await bench.get('live'))?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    script.set('up', 0);
    for (let second = 0; second < 4; second++) {
      bench.clock.advance(1000);
      await settle(40);
    }
    await bench.until('live', (p) => p.status?.containerStatuses?.[0]?.restartCount === 1);
    expect((await bench.events('live')).map((e) => e.message)).toContain(
      'Container main failed liveness probe, will be restarted',
    );
  });

  test('ends when it is deleted: hook, stop, status, gone from API and runtime', async () => {
    await bench.create('end', { containers: main({ lifecycle: { preStop: { exec: { command: ['bye'] } } } }) });
    await bench.until('end', (p) => p.status?.phase === 'Running');
    await bench.cluster.send('DELETE /api/v1/namespaces/default/pods/end');
    await bench.untilGone('end');
    await bench.untilTrue(async () => (await bench.runtime.listPodSandboxes()).length === 0);
    const calls = bench.runtime.calls;
    expect(calls.indexOf('execSync')).toBeLessThan(calls.indexOf('stopContainer'));
    expect((await bench.events('end')).at(-1)).toMatchObject({ reason: 'Killing', message: 'Stopping container main' });
    await bench.untilTrue(() => bench.pods().set.size === 0);
  });

  test('is found again by a new agent, which restarts nothing and writes nothing', async () => {
    await bench.create('stay', {});
    const before = await bench.until('stay', (p) => p.status?.phase === 'Running');
    await bench.restart();
    await settle(100);
    const after = await bench.get('stay');
    expect(after?.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(bench.runtime.calls.filter((call) => call === 'startContainer')).toHaveLength(1);
  });

  test('goes away when it was deleted while no agent ran', async () => {
    await bench.create('orphan', {});
    await bench.until('orphan', (p) => p.status?.phase === 'Running');
    bench.pods().stop();
    await bench.cluster.send('DELETE /api/v1/namespaces/default/pods/orphan?gracePeriodSeconds=0');
    await bench.restart();
    await bench.untilTrue(async () => (await bench.runtime.listPodSandboxes()).length === 0);
  });

  test('gets a new sandbox when the old one dies', async () => {
    await bench.create('box', {});
    await bench.until('box', (p) => p.status?.phase === 'Running');
    const [sandbox] = await bench.runtime.listPodSandboxes();
    bench.runtime.breakSandbox(sandbox?.id ?? '');
    const pod = await bench.until(
      'box',
      (p) => p.status?.containerStatuses?.[0]?.restartCount === 1 && state(p)?.running,
    );
    expect(pod.status?.podIP).toBe('10.244.0.3');
    expect((await bench.events('box')).map((e) => e.reason)).toContain('SandboxChanged');
  });

  test('fails after its active deadline', async () => {
    await bench.create('late', { activeDeadlineSeconds: 5 });
    await bench.until('late', (p) => p.status?.phase === 'Running');
    bench.clock.advance(5_000);
    const pod = await bench.until('late', (p) => p.status?.phase === 'Failed');
    expect(pod.status?.reason).toBe('DeadlineExceeded');
  });

  test('is refused when it asks for what the node cannot do', async () => {
    await bench.create('users', { hostUsers: false });
    const pod = await bench.until('users', (p) => p.status?.phase === 'Failed');
    expect(pod.status).toMatchObject({
      reason: 'NotSupported',
      message: 'Pod was rejected: this node does not support user namespaces (spec.hostUsers: false)',
    });
    expect((await bench.events('users'))[0]).toMatchObject({ type: 'Warning', reason: 'NotSupported' });
    expect(bench.runtime.calls).not.toContain('runPodSandbox');
  });

  test('gets changed limits while it runs, or a new container where its policy says so', async () => {
    const resources = { requests: { cpu: '100m' }, limits: { cpu: '200m', memory: '64Mi' } };
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    await bench.create('size', { containers: main({ resources, resizePolicy }) });
    const before = await bench.until('size', (p) => p.status?.phase === 'Running');
    const node = { metadata: { name: 'node-1' }, status: { allocatable: { cpu: '4', memory: '4Gi' } } };
    await bench.cluster.send('POST /api/v1/nodes', { body: node });
    const resize = (limits: object) =>
      bench.cluster.send('PATCH /api/v1/namespaces/default/pods/size/resize', {
        type: 'strategic',
        body: { spec: { containers: [{ name: 'main', resources: { limits } }] } },
      });
    await resize({ cpu: '300m' });
    await bench.until('size', (p) => p.status?.containerStatuses?.[0]?.resources?.limits?.cpu === '300m');
    expect(bench.runtime.calls.filter((call) => call === 'updateContainerResources')).toHaveLength(1);
    expect((await bench.get('size'))?.status?.containerStatuses?.[0]?.containerID).toBe(
      before.status?.containerStatuses?.[0]?.containerID,
    );
    await resize({ memory: '128Mi' });
    await bench.until('size', (p) => p.status?.containerStatuses?.[0]?.restartCount === 1);
  });

  test('is given a debug container that sees the processes of another, and runs once', async () => {
    await bench.create('debug', {});
    await bench.until('debug', (p) => p.status?.phase === 'Running');
    const dbg = { name: 'dbg', image: IMAGE, imagePullPolicy: 'IfNotPresent', targetContainerName: 'main' };
    await bench.cluster.send('PATCH /api/v1/namespaces/default/pods/debug/ephemeralcontainers', {
      type: 'strategic',
      body: { spec: { ephemeralContainers: [dbg] } },
    });
    await bench.until('debug', (p) => p.status?.ephemeralContainerStatuses?.[0]?.state?.running);
    const target = await bench.container('debug', 'main');
    const config = bench.runtime.configOf((await bench.container('debug', 'dbg'))?.id ?? '');
    expect(config?.security.namespaceOptions).toMatchObject({ pid: 'TARGET', targetId: target?.id });
    expect((await bench.events('debug')).at(-1)?.involvedObject?.fieldPath).toBe('spec.ephemeralContainers{dbg}');
    await bench.exit('debug', 4, 'dbg');
    const pod = await bench.until('debug', (p) => p.status?.ephemeralContainerStatuses?.[0]?.state?.terminated);
    expect(pod.status?.ephemeralContainerStatuses?.[0]).toMatchObject({ ready: false, restartCount: 0 });
    expect(pod.status?.phase).toBe('Running');
    expect(pod.status?.conditions?.find((c) => c.type === 'Ready')?.status).toBe('True');
    bench.clock.advance(600_000);
    await settle(60);
    expect((await bench.get('debug'))?.status?.ephemeralContainerStatuses?.[0]?.restartCount).toBe(0);
  });

  test('is looked after by a new agent while the API is away, which is told when it is back', async () => {
    await bench.create('alone', {
      containers: main({ livenessProbe: { exec: { command: ['alive'] }, periodSeconds: 5 } }),
    });
    const before = await bench.until('alone', (p) => p.status?.phase === 'Running');
    bench.clock.advance(1_000);
    const file = join(bench.folder, 'pods', before.metadata.uid ?? '', 'pod.json');
    await bench.untilTrue(() => existsSync(file));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    bench.unplug(true);
    await bench.restart({ synced: false });
    bench.clock.advance(3_000);
    await bench.untilTrue(() => bench.pods().set.size === 1);
    await settle(60);
    await bench.exit('alone', 1);
    await bench.untilTrue(async () => (await bench.container('alone'))?.attempt === 1);
    script.set('alive', 1);
    bench.unplug(false);
    bench.clock.advance(31_000);
    const after = await bench.until('alone', (p) => p.status?.containerStatuses?.[0]?.restartCount === 1);
    expect(after.status?.startTime).toBe(before.status?.startTime);
  });

  test('that was deleted while agent and API were away ends when the API is back', async () => {
    await bench.create('stale', {});
    await bench.until('stale', (p) => p.status?.phase === 'Running');
    await bench.pods().stop();
    await bench.cluster.send('DELETE /api/v1/namespaces/default/pods/stale?gracePeriodSeconds=0');
    bench.unplug(true);
    await bench.restart({ synced: false });
    bench.clock.advance(3_000);
    await bench.untilTrue(() => bench.pods().set.size === 1);
    expect(await bench.container('stale')).toMatchObject({ state: 'running' });
    bench.unplug(false);
    bench.clock.advance(31_000);
    await bench.untilTrue(async () => (await bench.runtime.listPodSandboxes()).length === 0);
    await bench.untilTrue(() => bench.pods().set.size === 0);
  });

  test('fails with a reason when it is evicted, and is not started again', async () => {
    await bench.create('hungry', {});
    await bench.until('hungry', (p) => p.status?.phase === 'Running');
    bench.pods().set.find('default', 'hungry')?.evict('The node was low on resource: memory.');
    const pod = await bench.until('hungry', (p) => state(p)?.terminated);
    expect(pod.status).toMatchObject({ phase: 'Failed', reason: 'Evicted' });
    expect(pod.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
    );
    expect((await bench.events('hungry')).map((event) => event.reason)).toContain('Evicted');
  });

  test('leaves two runs of a container that restarts for ever, on disk as well', async () => {
    await bench.create('loop', {});
    await bench.until('loop', (p) => state(p)?.running);
    for (let restart = 1; restart <= 8; restart++) {
      await bench.exit('loop', 1);
      bench.clock.advance(700_000);
      await bench.until('loop', (p) => p.status?.containerStatuses?.[0]?.restartCount === restart && state(p)?.running);
    }
    const uid = (await bench.get('loop'))?.metadata.uid ?? '';
    const files = () => readdirSync(join(bench.folder, 'pods', uid, 'containers', 'main'));
    await bench.untilTrue(() => files().length === 2);
    expect(files().sort()).toEqual(['termination-7', 'termination-8']);
    expect(await bench.runtime.listContainers()).toHaveLength(2);
  });
});
