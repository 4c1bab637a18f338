/** A program in a pod that knows nothing but what every pod gets: token, CA, namespace and the name of the API server. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programImage } from './support/images.ts';
import { eventually, type LocalCluster, startCluster } from './support/local-cluster.ts';
import { canRunContainers } from './support/machine.ts';
import { killHard } from './support/processes.ts';
import { toolPath } from './support/tools.ts';

/** Lists pods, then watches them, and begins anew when the watch ends: what every controller does. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
const folder = '/var/run/secrets/kubernetes.io/serviceaccount/';
const read = (name) => readFileSync(folder + name, 'utf8');
const namespace = read('namespace');
const hosts = ['kubernetes.default.svc', 'kubernetes', process.env.KUBERNETES_SERVICE_HOST];
const ask = (path, options, onText) => new Promise((resolve, reject) => {
  const { host = hosts[0], ca = read('ca.crt'), method = 'GET', body } = options;
  const headers = { authorization: 'Bearer ' + read('token'), ...(body ? { 'content-type': 'application/json' } : {}) };
  const call = request({ host, port: process.env.KUBERNETES_SERVICE_PORT, path, method, ca, headers, agent: false }, (reply) => {
    let text = '';
    reply.setEncoding('utf8');
    reply.on('data', (chunk) => (onText ? onText(chunk) : (text += chunk)));
    reply.on('end', () => resolve({ status: reply.statusCode, text }));
    reply.on('error', reject);
  });
  call.on('error', reject);
  call.end(body);
});
const path = '/api/v1/namespaces/' + namespace + '/pods';
for (const host of hosts) console.log('HOST', host, (await ask('/version', { host })).status);
console.log('UNTRUSTED', await ask('/version', { ca: [] }).then(() => 'answered', (error) => error.code));
const who = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
const review = await ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', { method: 'POST', body: JSON.stringify(who) });
console.log('WHO', JSON.parse(review.text).status.userInfo.username);
console.log('SECRETS', (await ask('/api/v1/namespaces/' + namespace + '/secrets', {})).status);
for (;;) {
  try {
    const list = JSON.parse((await ask(path, {})).text);
    console.log('LIST', list.items.map((pod) => pod.metadata.name).sort().join(','));
    let rest = '';
    await ask(path + '?watch=true&resourceVersion=' + list.metadata.resourceVersion, {}, (text) => {
      const lines = (rest + text).split('\\n');
      rest = lines.pop();
      for (const line of lines) {
        const event = JSON.parse(line);
        console.log('EVENT', event.type, event.object.metadata.name);
      }
    });
    console.log('ENDED');
  } catch (error) {
    console.log('FAILED', error.code ?? error.message);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
`;

const OBJECTS = `apiVersion: v1
kind: ServiceAccount
metadata: { name: lister }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: lister }
rules:
- { apiGroups: [""], resources: [pods], verbs: [get, list, watch] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: lister }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: lister }
subjects:
- { kind: ServiceAccount, name: lister }
---
apiVersion: v1
kind: Pod
metadata: { name: lister }
spec:
  serviceAccountName: lister
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: program:1
    args: [/app/main.mjs]
    volumeMounts: [{ name: app, mountPath: /app }]
  volumes:
  - { name: app, configMap: { name: app } }
`;

describe.skipIf(!canRunContainers())('a program with in-cluster configuration', () => {
  let cluster: LocalCluster;
  const kubectl = (line: string, input?: string) => cluster.kubectl(line, input);
  const printed = (text: string | RegExp, ms = 20_000) =>
    eventually(`the program prints ${text}`, ms, async () => {
      const log = await kubectl('logs lister');
      return (typeof text === 'string' ? log.split('\n').includes(text) : text.test(log)) && log;
    });

  beforeAll(async () => {
    cluster = await startCluster();
    const image = await programImage(cluster.folder, {
      reference: 'docker.io/library/program:1',
      program: process.execPath,
    });
    await cluster.loadImage(image);
    const app = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'app' },
      data: { 'main.mjs': PROGRAM },
    });
    await kubectl('create -f -', app);
    await kubectl('create -f -', OBJECTS);
    await kubectl('wait --for=condition=Ready pod/lister --timeout=60s');
  }, 180_000);
  afterAll(() => cluster?.remove(), 60_000);

  it('reaches the API server by its names and address, and only with the CA', async () => {
    const log = await printed(/^SECRETS/m);
    expect(log).toMatch(/^HOST kubernetes\.default\.svc 200\nHOST kubernetes 200\nHOST 10\.96\.0\.1 200\n/);
    expect(log).toMatch(/^UNTRUSTED (SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|DEPTH_ZERO_SELF_SIGNED_CERT)$/m);
  });

  it('is its service account, with its rights and no others', async () => {
    const log = await printed(/^SECRETS/m);
    expect(log).toMatch(/^WHO system:serviceaccount:default:lister$/m);
    expect(log).toMatch(/^SECRETS 403$/m);
  });

  it('lists pods and sees them come, change and go', async () => {
    await printed('LIST lister');
    await kubectl('run other --image=program:1 --restart=Never -- -e 0');
    await printed('EVENT ADDED other');
    await printed('EVENT MODIFIED other');
    await kubectl("wait '--for=jsonpath={.status.phase}=Succeeded' pod/other --timeout=30s");
    await kubectl('delete pod other');
    await printed('EVENT DELETED other');
  });

  it('serves client-go, in the form of kubectl in a pod', async () => {
    const image = await programImage(cluster.folder, {
      reference: 'docker.io/library/kubectl:1',
      program: toolPath('kubectl'),
    });
    await cluster.loadImage(image);
    const overrides = JSON.stringify({ spec: { serviceAccountName: 'lister' } });
    const start = async (name: string, ...words: string[]) => {
      const flags = ['--image=kubectl:1', '--restart=Never', `--overrides=${overrides}`];
      const made = await cluster.tryKubectl(['run', name, ...flags, '--', ...words]);
      expect(made, made.stderr).toMatchObject({ code: 0 });
    };
    const inPod = async (name: string, ...words: string[]) => {
      await start(name, ...words);
      await kubectl(
        `wait '--for=jsonpath={.status.containerStatuses[0].state.terminated.reason}' pod/${name} --timeout=60s`,
      );
      return kubectl(`logs ${name}`);
    };
    await start('watch', 'get', 'pods', '--watch');
    expect(await inPod('get', 'get', 'pods', '-o', 'wide')).toMatch(/^lister\s+1\/1\s+Running\s/m);
    expect(await inPod('who', 'auth', 'whoami')).toContain('system:serviceaccount:default:lister');
    expect(await inPod('forbidden', 'get', 'nodes')).toContain(
      'User "system:serviceaccount:default:lister" cannot list resource "nodes"',
    );
    await eventually('the watch saw a pod end', 20_000, async () =>
      /^who\s+0\/1\s+Completed\s/m.test(await kubectl('logs watch')),
    );
    await kubectl('delete pod watch --now');
  });

  it('goes on after the control plane was killed', async () => {
    const state = JSON.parse(readFileSync(join(cluster.folder, 'data', 'default', 'cluster.json'), 'utf8')) as {
      controlPlanePid: number;
    };
    await killHard(state.controlPlanePid);
    await printed(/^(ENDED|FAILED .*)$/m);
    await eventually(
      'a pod is made',
      20_000,
      async () =>
        (await cluster.tryKubectl(['run', 'later', '--image=program:1', '--restart=Never', '--', '-e', '0'])).code ===
        0,
    );
    await printed(/^(EVENT ADDED later|LIST .*\blater\b.*)$/m);
  });
});
