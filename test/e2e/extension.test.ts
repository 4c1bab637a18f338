/** Webhooks and an extension API server in a pod, reached by their Service through the node's tunnel. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { generateKeyPair } from '../../src/server/certificates/x509.ts';
import { generateFrontProxyAuthority, issueServingCertificate } from '../../src/server/cluster-keys.ts';
import { EXTENSION_SERVER } from './support/extension-server.ts';
import { programImage } from './support/images.ts';
import { eventually, type LocalCluster, startCluster } from './support/local-cluster.ts';
import { canRunContainers } from './support/machine.ts';

const WORKLOAD = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: ext }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: ext-reader, namespace: kube-system }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: extension-apiserver-authentication-reader }
subjects: [{ kind: ServiceAccount, name: ext, namespace: default }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ext }
spec:
  selector: { matchLabels: { app: ext } }
  template:
    metadata: { labels: { app: ext } }
    spec:
      serviceAccountName: ext
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: program:1
        args: [/app/main.mjs]
        readinessProbe: { tcpSocket: { port: 8443 }, periodSeconds: 1 }
        volumeMounts: [{ name: app, mountPath: /app }, { name: tls, mountPath: /tls }]
      volumes:
      - { name: app, configMap: { name: app } }
      - { name: tls, secret: { secretName: tls } }
---
apiVersion: v1
kind: Service
metadata: { name: ext }
spec: { selector: { app: ext }, ports: [{ port: 443, targetPort: 8443 }] }
`;

const WIDGETS = '/apis/example.com';
const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] };

/** What leads to the pod, with the authority that signed its certificate. */
function configurations(caBundle: string): object[] {
  const clientConfig = (path: string) => ({ caBundle, service: { namespace: 'default', name: 'ext', path } });
  const webhook = (name: string, path: string) => ({
    ...{ name, clientConfig: clientConfig(path), rules: [rule], sideEffects: 'None', admissionReviewVersions: ['v1'] },
    objectSelector: { matchLabels: { asked: 'yes' } },
    timeoutSeconds: 5,
  });
  const admission = 'admissionregistration.k8s.io/v1';
  const version = (name: string, storage: boolean) => ({
    ...{ name, storage, served: true },
    schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  });
  return [
    {
      apiVersion: admission,
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'm' },
      webhooks: [webhook('m.example.com', '/mutate')],
    },
    {
      apiVersion: admission,
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'v' },
      webhooks: [webhook('v.example.com', '/validate')],
    },
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        ...{ group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' } },
        versions: [version('v1', true), version('v2', false)],
        conversion: {
          strategy: 'Webhook',
          webhook: { conversionReviewVersions: ['v1'], clientConfig: clientConfig('/convert') },
        },
      },
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1.meters.example.com' },
      spec: {
        ...{ group: 'meters.example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 100, caBundle },
        service: { namespace: 'default', name: 'ext' },
      },
    },
  ];
}

describe.skipIf(!canRunContainers())('servers in pods that extend the API', () => {
  let cluster: LocalCluster;
  const kubectl = (line: string, input?: string) => cluster.kubectl(line, input);
  const map = (name: string, data: object) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { asked: 'yes' } }, data });

  beforeAll(async () => {
    cluster = await startCluster();
    const image = await programImage(cluster.folder, {
      reference: 'docker.io/library/program:1',
      program: process.execPath,
    });
    await cluster.loadImage(image);
    const deps = { clock: systemClock, random: systemRandom };
    const authority = await generateFrontProxyAuthority(systemClock, systemRandom);
    const { publicKey, privateKey } = await generateKeyPair();
    const keys = { caCertificate: authority.certificate, caKey: authority.key, serviceAccountKeys: [] };
    const crt = await issueServingCertificate(keys, { names: ['ext.default.svc'], ips: [], publicKey }, deps);
    const app = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'app' },
      data: { 'main.mjs': EXTENSION_SERVER },
    };
    const tls = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls' }, stringData: { crt, key: privateKey } };
    for (const object of [app, tls]) await kubectl('create -f -', JSON.stringify(object));
    for (const object of configurations(btoa(authority.certificate)))
      await kubectl('create -f -', JSON.stringify(object));
    await kubectl('create -f -', WORKLOAD);
    await kubectl('rollout status deployment/ext --timeout=90s');
  }, 240_000);
  afterAll(() => cluster?.remove(), 60_000);

  it('change and refuse objects as admission webhooks', async () => {
    await kubectl('create -f -', map('blue', { colour: 'blue' }));
    expect(await kubectl('get configmap blue -o jsonpath={.metadata.labels}')).toBe('{"asked":"yes","touched":"yes"}');
    const refused = await cluster.tryKubectl(['create', '-f', '-'], map('green', { colour: 'green' }));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('admission webhook "v.example.com" denied the request: no green');
    expect(refused.stderr).toContain('Warning: looked at');
  });

  it('convert custom resources', async () => {
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec: { size: 3 } };
    await kubectl('create -f -', JSON.stringify(widget));
    const shown = JSON.parse(await kubectl(`get --raw ${WIDGETS}/v2/namespaces/default/widgets/w`)) as { spec: object };
    expect(shown.spec).toEqual({ amount: '3' });
    await kubectl('patch widgets.v2.example.com w --type=merge -p {"spec":{"amount":"5"}}');
    const list = JSON.parse(await kubectl(`get --raw ${WIDGETS}/v1/namespaces/default/widgets`)) as {
      items: { spec: object }[];
    };
    expect(list.items[0]?.spec).toEqual({ size: 5 });
  });

  it('answer as an extension API server, in discovery, in kubectl and in a watch', async () => {
    await kubectl('wait --for=condition=Available apiservice/v1.meters.example.com --timeout=30s');
    expect(await kubectl('get --raw /apis/meters.example.com/v1')).toContain('"name":"meters"');
    expect(await kubectl('api-resources --api-group=meters.example.com')).toMatch(
      /^meters\s+mt\s+meters.example.com\/v1\s+true\s+Meter$/m,
    );
    expect(await kubectl('get mt')).toMatch(/^first\s/m);
    expect(await kubectl('get meters -o jsonpath={.items[0].spec.user} --as=jane --as-group=system:masters')).toBe(
      'jane',
    );
    const watch = cluster.spawnKubectl(['get', 'meters', '--watch', '-o', 'name']);
    let seen = '';
    watch.stdout?.on('data', (chunk) => (seen += chunk));
    await eventually('events of the watch', 20_000, async () => seen.includes('meter.meters.example.com/later-2'));
    watch.kill('SIGINT');
    await eventually('the end of the watch reaches the pod', 20_000, async () =>
      (await kubectl('logs deployment/ext')).includes('WATCH CLOSED'),
    );
  });

  it('may speak through WebSockets', async () => {
    const config = parse(readFileSync(cluster.kubeconfig, 'utf8')) as {
      clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
      users: { user: { token: string } }[];
    };
    const { server, 'certificate-authority-data': ca } = config.clusters[0]!.cluster;
    const { token } = config.users[0]!.user;
    const socket = new WebSocket(
      `${server.replace('https', 'wss')}/apis/meters.example.com/v1/namespaces/default/meters/m/talk`,
      {
        headers: { authorization: `Bearer ${token}` },
        ca: Buffer.from(ca, 'base64').toString(),
      },
    );
    const said = await new Promise((resolve, reject) => {
      socket.on('message', (data) => resolve(String(data)));
      socket.on('error', reject);
    });
    expect(said).toMatch(/^hello \S+/);
    socket.terminate();
  });

  it('are missed when they are gone, and found when they are back', async () => {
    await kubectl('scale deployment ext --replicas=0');
    await kubectl('wait --for=condition=Available=false apiservice/v1.meters.example.com --timeout=60s');
    const missing = await cluster.tryKubectl(['get', '--raw', '/apis/meters.example.com/v1/namespaces/default/meters']);
    expect(missing.stderr).toContain('the server is currently unable to handle the request');
    const refused = await cluster.tryKubectl(['create', '-f', '-'], map('later', {}));
    expect(refused.stderr).toContain(
      'failed calling webhook "m.example.com": failed to call webhook: Post "https://ext.default.svc:443/mutate?timeout=5s": no endpoints available for service "ext"',
    );
    expect(await kubectl('get configmaps')).toContain('blue');
    await kubectl('scale deployment ext --replicas=1');
    await kubectl('wait --for=condition=Available apiservice/v1.meters.example.com --timeout=60s');
    await kubectl('create -f -', map('later', {}));
  });
});
