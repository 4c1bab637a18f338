/** A small chart through its life, with helm 4: it applies on the server and waits by status. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage } from './support/images.ts';
import { type CommandResult, type LocalCluster, run, startCluster } from './support/local-cluster.ts';
import { canRunContainers } from './support/machine.ts';
import { toolPath } from './support/tools.ts';

const CHART: Record<string, string> = {
  'Chart.yaml': 'apiVersion: v2\nname: page\nversion: 0.1.0\nappVersion: "1"\n',
  'values.yaml': 'replicas: 2\ntext: first\nimage: busybox:1.36\n',
  'templates/NOTES.txt': 'Serving {{ .Values.text }} as {{ .Release.Name }}, revision {{ .Release.Revision }}.\n',
  'templates/page.yaml': `apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-page }
data:
  index.html: {{ .Values.text | quote }}
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: {{ .Release.Name }} }
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: { app.kubernetes.io/managed-by: {{ .Release.Service }} }
spec:
  replicas: {{ .Values.replicas }}
  progressDeadlineSeconds: 60
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata:
      labels: { app: {{ .Release.Name }} }
      annotations: { checksum: {{ .Values.text | sha256sum }} }
    spec:
      serviceAccountName: {{ .Release.Name }}
      terminationGracePeriodSeconds: 0
      containers:
      - name: page
        image: {{ .Values.image }}
        imagePullPolicy: Never
        command: [busybox, httpd, -f, -p, "8080", -h, /page]
        readinessProbe: { httpGet: { path: /index.html, port: 8080 }, periodSeconds: 1 }
        volumeMounts: [{ name: page, mountPath: /page }]
      volumes: [{ name: page, configMap: { name: {{ .Release.Name }}-page } }]
---
apiVersion: v1
kind: Service
metadata: { name: {{ .Release.Name }} }
spec:
  selector: { app: {{ .Release.Name }} }
  ports: [{ port: 80, targetPort: 8080 }]
`,
  'templates/hooks.yaml': `apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-before
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  restartPolicy: Never
  containers: [{ name: main, image: "busybox:1.36", command: ["true"] }]
---
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  annotations: { helm.sh/hook: test, helm.sh/hook-delete-policy: before-hook-creation }
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: busybox:1.36
    command: [sh, -c, "test $(wget -q -O - http://{{ .Release.Name }}/index.html) = {{ .Values.text }}"]
`,
};

describe.skipIf(!canRunContainers())('helm', () => {
  let cluster: LocalCluster;
  let chart: string;
  const kubectl = (line: string) => cluster.kubectl(line);
  const tryHelm = (line: string): Promise<CommandResult> =>
    run(toolPath('helm'), line.split(' '), {
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder },
    });
  const helm = async (line: string): Promise<string> => {
    const result = await tryHelm(line);
    expect(result.code, `helm ${line}: ${result.stderr}${result.stdout}`).toBe(0);
    return result.stdout;
  };
  const status = async () =>
    JSON.parse(await helm('status mine -o json')) as { version: number; info: { status: string } };
  const page = () => kubectl('exec deployment/mine -- wget -q -O - http://mine.default.svc.cluster.local/index.html');

  beforeAll(async () => {
    cluster = await startCluster();
    chart = join(cluster.folder, 'page');
    for (const [file, text] of Object.entries(CHART)) {
      mkdirSync(join(chart, file, '..'), { recursive: true });
      writeFileSync(join(chart, file), text);
    }
    await cluster.loadImage(await busyboxImage(cluster.folder));
  }, 180_000);
  afterAll(() => cluster?.remove(), 60_000);

  it('installs and waits until it serves', async () => {
    const out = await helm(`install mine ${chart} --wait --timeout 60s`);
    expect(out).toContain('Serving first as mine, revision 1.');
    expect(await status()).toMatchObject({ version: 1, info: { status: 'deployed' } });
    expect(await kubectl("get deployment mine -o 'jsonpath={.status.readyReplicas}'")).toBe('2');
    expect(await page()).toBe('first');
    expect(await kubectl('get deployment mine -o yaml --show-managed-fields')).toMatch(
      /manager: helm\s+operation: Apply/,
    );
    expect(await kubectl('get pods -o name')).not.toContain('mine-before');
    expect(await helm('test mine --timeout 60s')).toMatch(/Phase:\s+Succeeded/);
    expect((await tryHelm(`install mine ${chart}`)).stderr).toContain('cannot reuse a name that is still in use');
  });

  it('upgrades what changed and keeps the rest', async () => {
    const uid = await kubectl("get service mine -o 'jsonpath={.metadata.uid} {.spec.clusterIP}'");
    await helm(`upgrade mine ${chart} --set text=second,replicas=3 --wait --timeout 60s`);
    expect(await page()).toBe('second');
    expect(await kubectl("get deployment mine -o 'jsonpath={.status.readyReplicas}'")).toBe('3');
    expect(await kubectl("get service mine -o 'jsonpath={.metadata.uid} {.spec.clusterIP}'")).toBe(uid);
    expect(await helm('get values mine')).toContain('text: second');
    expect(await helm('list')).toMatch(/^mine\s+default\s+2\s.*deployed\s+page-0\.1\.0\s+1/m);
  });

  it('goes back when an upgrade fails', async () => {
    const failed = await tryHelm(
      `upgrade mine ${chart} --set text=third,image=nowhere.invalid/none:1 --rollback-on-failure --wait --timeout 8s`,
    );
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toMatch(/rolled back|rollback/);
    await kubectl('rollout status deployment/mine --timeout=60s');
    expect(await page()).toBe('second');
    expect(await kubectl("get deployment mine -o 'jsonpath={.spec.template.spec.containers[0].image}'")).toBe(
      'busybox:1.36',
    );
  });

  it('tells a conflict with what somebody else applied', async () => {
    await kubectl('scale deployment mine --replicas=1');
    const refused = await tryHelm(`upgrade mine ${chart} --set text=second,replicas=5`);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/conflict with "kubectl"[\s\S]*\.spec\.replicas/);
    await helm(`upgrade mine ${chart} --set text=second,replicas=2 --force-conflicts --wait --timeout 60s`);
    expect(await kubectl("get deployment mine -o 'jsonpath={.spec.replicas}'")).toBe('2');
  });

  it('rolls back to the first revision, and tells its history', async () => {
    await helm('rollback mine 1 --wait --timeout 60s');
    await kubectl('rollout status deployment/mine --timeout=60s');
    expect(await page()).toBe('first');
    const history = await helm('history mine');
    expect(history).toMatch(/^1\s.*superseded/m);
    expect(history).toMatch(/deployed\s+page-0\.1\.0\s+1\s+Rollback to 1/);
    expect(await kubectl('get secrets -l owner=helm,name=mine -o name')).toContain('secret/sh.helm.release.v1.mine.v1');
  });

  it('uninstalls all of it', async () => {
    expect(await helm('uninstall mine --wait --timeout 60s')).toContain('release "mine" uninstalled');
    expect(await kubectl('get deployments,replicasets,services,configmaps,secrets -o name')).not.toContain('mine');
    expect(await kubectl('get pods -l app=mine -o name')).toBe('');
    expect((await tryHelm('status mine')).stderr).toContain('release: not found');
  });
});
