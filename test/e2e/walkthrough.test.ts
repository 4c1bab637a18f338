/** The two walk-throughs of the README, as a person types them. */
import { execFileSync, type spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, requestsUntil } from './support/http.ts';
import { echoserverImage, nginxImage } from './support/images.ts';
import { eventually, type LocalCluster, startCluster } from './support/local-cluster.ts';
import { canRunContainers } from './support/machine.ts';

const NGINX = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx-dep
spec:
  replicas: 5
  selector:
    matchLabels: { app: nginx }
  template:
    metadata:
      labels: { app: nginx }
    spec:
      containers:
      - name: nginx
        image: library/nginx:1.14-alpine
        ports: [{ containerPort: 80 }]
        resources:
          limits: { cpu: 200m, memory: 64Mi }
          requests: { cpu: 10m, memory: 16Mi }
        readinessProbe:
          httpGet: { path: /, port: 80 }
          periodSeconds: 1
        livenessProbe:
          httpGet: { path: /, port: 80 }
        lifecycle:
          preStop: { sleep: { seconds: 2 } }
---
apiVersion: v1
kind: Service
metadata:
  name: nginx-svc
spec:
  selector: { app: nginx }
  ports: [{ port: 80, targetPort: 80 }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: nginx-ing
spec:
  rules:
  - host: nginx.example.test
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: { service: { name: nginx-svc, port: { number: 80 } } }
`;

describe.skipIf(!canRunContainers())('a real cluster', () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = await startCluster();
    const images = [
      await echoserverImage(cluster.folder),
      await nginxImage(cluster.folder, {
        reference: 'docker.io/library/nginx:1.14-alpine',
        port: 80,
        answer: 'nginx 1.14-alpine\\n',
      }),
      await nginxImage(cluster.folder, {
        reference: 'docker.io/library/nginx:1.18-alpine',
        port: 80,
        answer: 'nginx 1.18-alpine\\n',
      }),
    ];
    for (const image of images) {
      await cluster.loadImage(image);
    }
  }, 180_000);
  afterAll(() => cluster?.remove(), 60_000);

  it('announces itself and has a Ready node and healthy components', async () => {
    expect(cluster.output()).toMatch(
      /^Cluster default ready in \d+ ms: https:\/\/127\.0\.0\.1:\d+ \(kubeconfig .+\)$/m,
    );
    // The README forwards a service to this port.
    expect(cluster.output()).not.toContain(':8080');
    expect(await cluster.kubectl('get nodes --no-headers')).toMatch(/^\S+\s+Ready\s+<none>\s+\S+\s+v1\.36/);
    const components = await cluster.kubectl('get componentstatuses --no-headers');
    expect(components.match(/Healthy/g)?.length).toBeGreaterThanOrEqual(3);
  });

  it('runs the hello-world deployment and reaches it by node port and port-forward', async () => {
    await cluster.kubectl('create deployment hello-world --image=k8s.gcr.io/echoserver:1.4');
    await cluster.kubectl('rollout status deployment/hello-world --timeout=60s');
    expect(await cluster.kubectl('get pods --no-headers -l app=hello-world')).toMatch(
      /^hello-world-\S+\s+1\/1\s+Running\s+0\s/,
    );
    const described = await cluster.kubectl('describe pod -l app=hello-world');
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started'])
      expect(described).toMatch(new RegExp(`Normal\\s+${reason}\\s`));
    await cluster.kubectl('expose deployment hello-world --type=NodePort --port=8080');
    const nodePort = await cluster.kubectl("get service hello-world -o 'jsonpath={.spec.ports[0].nodePort}'");
    const nodeIP = await cluster.kubectl(
      'get nodes -o \'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}\'',
    );
    const answer = await eventually('the node port answers', 20_000, () => get(`http://${nodeIP}:${nodePort}/hello`));
    expect(answer).toContain('real path=/hello');
    const forward = cluster.spawnKubectl(['port-forward', 'svc/hello-world', ':8080']);
    try {
      const port = await firstMatch(forward, /127\.0\.0\.1:(\d+)/);
      expect(await get(`http://127.0.0.1:${port}/forwarded`)).toContain('real path=/forwarded');
    } finally {
      forward.kill();
    }
  });

  it('rolls nginx over without a failed request, keeps history, heals', async () => {
    await cluster.kubectl('create -f -', NGINX);
    await cluster.kubectl('rollout status deployment/nginx-dep --timeout=90s');
    const address = await cluster.kubectl("get service nginx-svc -o 'jsonpath={.spec.clusterIP}'");
    const url = `http://${address}/`;
    expect(await eventually('the service answers', 20_000, () => get(url))).toBe('nginx 1.14-alpine\n');

    const client = requestsUntil(url);
    await cluster.kubectl('set image deployment/nginx-dep nginx=library/nginx:1.18-alpine');
    await cluster.kubectl('rollout status deployment/nginx-dep --timeout=120s');
    await eventually('only the new version answers', 20_000, async () => (await get(url)) === 'nginx 1.18-alpine\n');
    const outcome = await client.stop();
    expect(outcome.failed).toEqual([]);
    expect(outcome.answers).toEqual(new Set(['nginx 1.14-alpine\n', 'nginx 1.18-alpine\n']));

    expect(await cluster.kubectl('rollout history deployment/nginx-dep')).toMatch(/^1\s[\s\S]*^2\s/m);
    await cluster.kubectl('rollout undo deployment/nginx-dep');
    await cluster.kubectl('rollout status deployment/nginx-dep --timeout=120s');
    await eventually('the old version is back', 20_000, async () => (await get(url)) === 'nginx 1.14-alpine\n');

    await cluster.kubectl('scale deployment/nginx-dep --replicas=10');
    await cluster.kubectl('rollout status deployment/nginx-dep --timeout=90s');
    // One that stays: those of the version before may still be going.
    const pod = await standingPod(cluster);
    await cluster.kubectl(`delete ${pod} --grace-period=1`);
    await eventually(
      'ten pods are ready again',
      60_000,
      async () => (await cluster.kubectl("get deployment nginx-dep -o 'jsonpath={.status.readyReplicas}'")) === '10',
    );
  });

  it('restarts a container whose process is killed', async () => {
    const pod = await standingPod(cluster);
    await cluster.kubectl(`exec ${pod} -- kill -9 1`).catch(() => undefined);
    await cluster.kubectl(`exec ${pod} -- kill -TERM 1`).catch(() => undefined);
    await eventually(
      'the restart is counted',
      60_000,
      async () =>
        Number(await cluster.kubectl(`get ${pod} -o 'jsonpath={.status.containerStatuses[0].restartCount}'`)) >= 1,
    );
    await cluster.kubectl(`wait --for=condition=Ready ${pod} --timeout=60s`);
  });

  it('answers at the edge by host name', async () => {
    const port = /ingress (?:on|at) \S*?:(\d+)/i.exec(cluster.output())?.[1];
    expect(port).toBeDefined();
    const ask = (host: string) =>
      execFileSync('curl', ['-s', '-m', '10', '-H', `Host: ${host}`, `http://127.0.0.1:${port}/`], {
        encoding: 'utf8',
      });
    await eventually('the ingress answers', 20_000, async () => ask('nginx.example.test') === 'nginx 1.14-alpine\n');
    expect(ask('other.example.test')).not.toContain('nginx 1');
    expect(await cluster.kubectl('get ingress nginx-ing --no-headers')).toMatch(/nginx\.example\.test/);
  });

  it('keeps cluster and pods over a stop of the control plane, and deletes everything at the end', async () => {
    const before = await cluster.kubectl("get pods -l app=nginx -o 'jsonpath={.items[*].metadata.uid}'");
    const pid = JSON.parse((await cluster.kedge(['status', '-o', 'json'])).stdout)[0].controlPlane.pid as number;
    process.kill(pid, 'SIGKILL');
    await eventually('the API answers again', 30_000, async () => (await cluster.tryKubectl(['get', 'ns'])).code === 0);
    expect(await cluster.kubectl("get pods -l app=nginx -o 'jsonpath={.items[*].metadata.uid}'")).toBe(before);
    await cluster.kubectl('delete deployment,service,pods,ingress --all --timeout=90s');
    await eventually('all pods are gone', 90_000, async () => (await cluster.kubectl('get pods -o name')) === '');
  });
});

/** An nginx pod that is not on its way out. */
async function standingPod(cluster: LocalCluster): Promise<string> {
  const { items } = JSON.parse(await cluster.kubectl('get pods -l app=nginx -o json')) as {
    items: { metadata: { name: string; deletionTimestamp?: string } }[];
  };
  return `pod/${items.find((pod) => pod.metadata.deletionTimestamp === undefined)?.metadata.name}`;
}

/** The first group of the first match in what a process prints. */
function firstMatch(child: ReturnType<typeof spawn>, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const match = pattern.exec(text);
      if (match) resolve(match[1] as string);
    });
    child.once('exit', () => reject(new Error(`ended: ${text}`)));
  });
}
