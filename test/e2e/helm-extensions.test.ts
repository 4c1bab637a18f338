/** A chart of the kind that operators ship: definitions, Jobs as hooks, a webhook with a certificate made by helm. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage, programImage } from './support/images.ts';
import { type CommandResult, type LocalCluster, run, startCluster } from './support/local-cluster.ts';
import { canRunContainers } from './support/machine.ts';
import { toolPath } from './support/tools.ts';

const PROGRAM = `
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
createServer({ cert: readFileSync('/tls/tls.crt'), key: readFileSync('/tls/tls.key') }, (request, answer) => {
  let text = '';
  request.on('data', (chunk) => { text += chunk; });
  request.on('end', () => {
    const { apiVersion, kind, request: asked } = JSON.parse(text);
    const allowed = asked.object.spec.colour !== 'green';
    const response = { uid: asked.uid, allowed, status: { message: 'gadgets are never green' } };
    answer.end(JSON.stringify({ apiVersion, kind, response }));
  });
}).listen(8443);
process.on('SIGTERM', () => process.exit(0));
`;

const CHART: Record<string, string> = {
  'Chart.yaml': 'apiVersion: v2\nname: gadgets\nversion: 1.0.0\n',
  'files/main.mjs': PROGRAM,
  'crds/gadgets.yaml': `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: gadgets.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { kind: Gadget, plural: gadgets }
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              colour: { type: string, default: blue }
              size: { type: integer, maximum: 10 }
`,
  'templates/server.yaml': `{{- $ca := genCA "gadgets" 365 }}
{{- $host := printf "%s.%s.svc" .Release.Name .Release.Namespace }}
{{- $cert := genSignedCert $host nil (list $host) 365 $ca }}
apiVersion: v1
kind: Secret
metadata: { name: {{ .Release.Name }}-tls }
type: kubernetes.io/tls
data: { tls.crt: {{ b64enc $cert.Cert }}, tls.key: {{ b64enc $cert.Key }} }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-program }
data:
  main.mjs: {{ .Files.Get "files/main.mjs" | quote }}
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }} }
spec:
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata: { labels: { app: {{ .Release.Name }} } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: program:1
        args: [/app/main.mjs]
        readinessProbe: { tcpSocket: { port: 8443 }, periodSeconds: 1 }
        volumeMounts: [{ name: app, mountPath: /app }, { name: tls, mountPath: /tls }]
      volumes:
      - { name: app, configMap: { name: {{ .Release.Name }}-program } }
      - { name: tls, secret: { secretName: {{ .Release.Name }}-tls } }
---
apiVersion: v1
kind: Service
metadata: { name: {{ .Release.Name }} }
spec: { selector: { app: {{ .Release.Name }} }, ports: [{ port: 443, targetPort: 8443 }] }
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: {{ .Release.Name }} }
webhooks:
- name: gadgets.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  clientConfig:
    caBundle: {{ b64enc $ca.Cert }}
    service: { name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}, path: /validate }
  rules:
  - { apiGroups: [example.com], apiVersions: [v1], resources: [gadgets], operations: [CREATE, UPDATE] }
`,
  'templates/hooks.yaml': `{{- range $hook := list "pre-install" "post-install" "pre-delete" }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $.Release.Name }}-{{ $hook }}
  annotations: { helm.sh/hook: {{ $hook }}, helm.sh/hook-delete-policy: before-hook-creation }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: main, image: "busybox:1.36", command: [{{ ternary "false" "true" (eq ($.Values.fails | default "") $hook) | quote }}] }]
---
{{- end }}
`,
};

const gadget = (name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name }, spec });

describe.skipIf(!canRunContainers())('a chart with definitions, hooks and a webhook', () => {
  let cluster: LocalCluster;
  let chart: string;
  const kubectl = (line: string, input?: string) => cluster.kubectl(line, input);
  const helm = (line: string): Promise<CommandResult> =>
    run(toolPath('helm'), line.split(' '), {
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder },
    });

  beforeAll(async () => {
    cluster = await startCluster();
    chart = join(cluster.folder, 'gadgets');
    for (const [file, text] of Object.entries(CHART)) {
      mkdirSync(join(chart, file, '..'), { recursive: true });
      writeFileSync(join(chart, file), text);
    }
    const program = { reference: 'docker.io/library/program:1', program: process.execPath };
    for (const image of [await busyboxImage(cluster.folder), await programImage(cluster.folder, program)])
      await cluster.loadImage(image);
  }, 180_000);
  afterAll(() => cluster?.remove(), 60_000);

  it('is installed when its hooks have ended and its pods are ready', async () => {
    const installed = await helm(`install mine ${chart} --wait --timeout 90s`);
    expect(installed, installed.stderr).toMatchObject({ code: 0 });
    const jobs = await kubectl("get jobs -o 'jsonpath={range .items[*]}{.metadata.name}={.status.succeeded} {end}'");
    expect(jobs.trim().split(' ').sort()).toEqual(['mine-post-install=1', 'mine-pre-install=1']);
    expect(await kubectl('get crd gadgets.example.com -o name')).toBe(
      'customresourcedefinition.apiextensions.k8s.io/gadgets.example.com\n',
    );
  });

  it('judges objects by schema and webhook', async () => {
    await kubectl('apply -f -', gadget('a', { size: 3 }));
    expect(await kubectl('get gadget a -o jsonpath={.spec.colour}')).toBe('blue');
    const green = await cluster.tryKubectl(['apply', '-f', '-'], gadget('b', { colour: 'green' }));
    expect(green.stderr).toContain(
      'admission webhook "gadgets.example.com" denied the request: gadgets are never green',
    );
    const big = await cluster.tryKubectl(['apply', '-f', '-'], gadget('b', { size: 11 }));
    expect(big.stderr).toContain('spec.size in body should be less than or equal to 10');
  });

  it('tells of a hook that fails, and leaves on uninstall but for its definitions', async () => {
    const failed = await helm(`install other ${chart} --set fails=pre-install --wait --timeout 60s`);
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toMatch(/BackoffLimitExceeded|failed pre-install/);
    expect(await helm('uninstall mine --wait --timeout 60s')).toMatchObject({ code: 0 });
    expect(
      await kubectl(
        'get deployments,services,validatingwebhookconfigurations -l app.kubernetes.io/managed-by=Helm -o name',
      ),
    ).toBe('');
    expect(await kubectl('get gadget a -o name')).toBe('gadget.example.com/a\n');
    await kubectl('delete crd gadgets.example.com --timeout=30s');
  });
});
