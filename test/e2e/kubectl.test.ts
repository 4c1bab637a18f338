/** What people do with objects by kubectl: writing, changing, showing, watching, asking for rights. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage } from './support/images.ts';
import { eventually, type LocalCluster, run, startCluster } from './support/local-cluster.ts';
import { canRunContainers } from './support/machine.ts';
import { toolPath } from './support/tools.ts';

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: { app: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: busybox:1.36
        command: [sh, -c, "mkdir -p /tmp/www; echo $HOSTNAME > /tmp/www/index.html; exec busybox httpd -f -p 8080 -h /tmp/www"]
        ports: [{ containerPort: 8080 }]
`;

const SETTINGS = (color: string, extra = '') => `apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data:
  color: ${color}
${extra}`;

describe.skipIf(!canRunContainers())('kubectl and objects', () => {
  let cluster: LocalCluster;
  const kubectl = (line: string, input?: string) => cluster.kubectl(line, input);
  const fails = (line: string, input?: string) => cluster.kubectlFails(line, input);
  const withEditor = (editor: string, line: string) =>
    run(toolPath('kubectl'), line.split(' '), {
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig, KUBE_EDITOR: editor },
    });

  beforeAll(async () => {
    cluster = await startCluster();
    await cluster.loadImage(await busyboxImage(cluster.folder));
  }, 180_000);
  afterAll(() => cluster?.remove(), 60_000);

  it('applies, shows the difference, prunes what left the file', async () => {
    expect(await kubectl('apply -f -', SETTINGS('red', '  size: big'))).toBe('configmap/settings created\n');
    expect(await kubectl('apply -f -', SETTINGS('red', '  size: big'))).toBe('configmap/settings unchanged\n');
    const diff = await cluster.tryKubectl(['diff', '-f', '-'], SETTINGS('green'));
    expect(diff).toMatchObject({ code: 1 });
    expect(diff.stdout).toMatch(/^-\s+color: red$/m);
    expect(diff.stdout).toMatch(/^\+\s+color: green$/m);
    expect(diff.stdout).toMatch(/^-\s+size: big$/m);
    expect(await kubectl('apply -f -', SETTINGS('green'))).toBe('configmap/settings configured\n');
    expect(await kubectl("get configmap settings -o 'jsonpath={.data}'")).toBe('{"color":"green"}');
    expect(await cluster.tryKubectl(['diff', '-f', '-'], SETTINGS('green'))).toMatchObject({ code: 0, stdout: '' });
  });

  it('refuses unknown fields and wrong types before anything is written', async () => {
    const unknown = `${SETTINGS('red').replace('settings', 'bad')}\nsurprise: yes`;
    expect(await fails('apply -f -', unknown)).toContain('unknown field "surprise"');
    const wrong = WEB.replace('replicas: 2', 'replicas: many').replace('name: web', 'name: bad');
    expect(await fails('create -f -', wrong)).toMatch(/replicas/);
    expect(await fails('get configmap bad')).toContain('NotFound');
  });

  it('applies on the server, tells conflicts, and forces', async () => {
    const text = SETTINGS('blue').replace('settings', 'shared');
    expect(await kubectl('apply --server-side -f - --field-manager=one', text)).toBe(
      'configmap/shared serverside-applied\n',
    );
    const other = text.replace('blue', 'pink');
    const refusal = await fails('apply --server-side -f - --field-manager=two', other);
    expect(refusal).toContain('conflict with "one": .data.color');
    await kubectl('apply --server-side -f - --field-manager=two --force-conflicts', other);
    const shown = await kubectl('get configmap shared -o yaml --show-managed-fields');
    expect(shown).toMatch(/manager: two\s+operation: Apply/);
    expect(await kubectl("get configmap shared -o 'jsonpath={.data.color}'")).toBe('pink');
  });

  it('edits by a scripted editor, also one that changes nothing and one that breaks the object', async () => {
    const done = await withEditor("sed -i 's/color: green/color: edited/'", 'edit configmap settings');
    expect(done, done.stderr).toMatchObject({ code: 0, stdout: 'configmap/settings edited\n' });
    expect(await kubectl("get configmap settings -o 'jsonpath={.data.color}'")).toBe('edited');
    const none = await withEditor('true', 'edit configmap settings');
    expect(none.stderr).toContain('Edit cancelled, no changes made');
    const broken = await withEditor("sed -i 's/^data:$/dada:/'", 'edit configmap settings');
    expect(broken.code).not.toBe(0);
    expect(await kubectl("get configmap settings -o 'jsonpath={.data.color}'")).toBe('edited');
  });

  it('patches in three types, labels and annotates', async () => {
    await kubectl('apply -f -', WEB);
    await kubectl(
      `patch deployment web --type=strategic -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"1"}]}]}}}}'`,
    );
    expect(await kubectl("get deployment web -o 'jsonpath={.spec.template.spec.containers[*].image}'")).toBe(
      'busybox:1.36',
    );
    await kubectl(`patch deployment web --type=merge -p '{"spec":{"revisionHistoryLimit":3}}'`);
    await kubectl(
      `patch deployment web --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/env/0/value","value":"2"}]'`,
    );
    expect(
      await kubectl(
        "get deployment web -o 'jsonpath={.spec.revisionHistoryLimit} {.spec.template.spec.containers[0].env[0].value}'",
      ),
    ).toBe('3 2');
    expect(
      await fails('patch deployment web --type=json -p [{"op":"test","path":"/spec/replicas","value":7}]'),
    ).toMatch(/testing path|test failed|Invalid/i);
    await kubectl('label deployment web tier=front');
    expect(await fails('label deployment web tier=back')).toContain('--overwrite');
    await kubectl('label deployment web tier=back --overwrite');
    expect(await kubectl('get deployments -l tier=back -o name')).toBe('deployment.apps/web\n');
    await kubectl('label deployment web tier-');
    await kubectl('annotate deployment web note=hello');
    expect(await kubectl("get deployment web -o 'jsonpath={.metadata.annotations.note}'")).toBe('hello');
    await kubectl('rollout status deployment/web --timeout=60s');
  });

  it('explains, lists resources and versions, and says what one may do', async () => {
    const explained = await kubectl('explain pod.spec --recursive');
    for (const field of ['containers\t<[]Container> -required-', 'tolerationSeconds', 'topologySpreadConstraints'])
      expect(explained).toContain(field);
    expect(await kubectl('explain deployment.spec.strategy.type')).toMatch(/ENUM:\s+Recreate\s+RollingUpdate/);
    const resources = await kubectl('api-resources');
    expect(resources).toMatch(/^pods\s+po\s+v1\s+true\s+Pod$/m);
    expect(resources).toMatch(/^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment$/m);
    expect(resources).toMatch(/^ingresses\s+ing\s+networking.k8s.io\/v1\s+true\s+Ingress$/m);
    expect(await kubectl('api-resources --namespaced=false --verbs=list -o name')).toMatch(/^nodes$/m);
    expect((await kubectl('api-versions')).split('\n')).toEqual(
      expect.arrayContaining(['v1', 'apps/v1', 'batch/v1', 'coordination.k8s.io/v1', 'rbac.authorization.k8s.io/v1']),
    );
    expect(await kubectl('auth can-i --list')).toMatch(/^\*\.\*\s+\[\]\s+\[\]\s+\[\*\]$/m);
    const asAccount = '--as=system:serviceaccount:default:default';
    expect(await kubectl(`auth can-i --list ${asAccount}`)).toMatch(/selfsubjectaccessreviews.authorization.k8s.io/);
    expect(await cluster.tryKubectl(['auth', 'can-i', 'get', 'pods', asAccount])).toMatchObject({
      code: 1,
      stdout: 'no\n',
    });
    expect(await kubectl('auth whoami')).toMatch(/Groups\s+\[.*system:masters.*\]/);
  });

  it('prints wide, yaml, jsonpath, columns, templates and sorted', async () => {
    const wide = await kubectl('get pods -l app=web -o wide');
    expect(wide).toMatch(/^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES$/m);
    expect(wide).toMatch(/^web-\S+\s+1\/1\s+Running\s+0\s+\d+s\s+10\.\d+\.\d+\.\d+\s+\S+\s+<none>\s+<none>$/m);
    expect(await kubectl('get deployment web -o yaml')).toMatch(/^apiVersion: apps\/v1\nkind: Deployment$/m);
    expect(await kubectl("get nodes -o 'jsonpath={.items[0].spec.podCIDR}'")).toMatch(/^10\.244\.\d+\.0\/24$/);
    expect(
      await kubectl(
        'get deployment web -o custom-columns=NAME:.metadata.name,IMAGE:.spec.template.spec.containers[0].image',
      ),
    ).toMatch(/^NAME\s+IMAGE\nweb\s+busybox:1\.36\n$/);
    expect(await kubectl("get deployment web -o 'go-template={{.spec.replicas}}'")).toBe('2');
    const names = (await kubectl('get clusterroles --sort-by=.metadata.name -o name')).trim().split('\n');
    expect(names.length).toBeGreaterThan(40);
    expect(await kubectl('get all -o name')).toMatch(/pod\/web-[\s\S]*service\/kubernetes[\s\S]*deployment.apps\/web/);
    expect(await kubectl('get --raw /version')).toMatch(/"gitVersion": ?"v1\.36\.0\+kedge/);
    expect(await kubectl('cluster-info')).toContain(`Kubernetes control plane is running at ${cluster.server}\n`);
    expect(await kubectl('version -o json')).toContain('v1.36.0+kedge');
  });

  it('tries on the server without writing', async () => {
    expect(await kubectl('create configmap dry --from-literal=a=1 --dry-run=server -o name')).toBe('configmap/dry\n');
    expect(await fails('get configmap dry')).toContain('not found');
    expect(await kubectl('apply --dry-run=server -f -', SETTINGS('dry'))).toBe(
      'configmap/settings configured (server dry run)\n',
    );
    expect(await kubectl('delete configmap settings --dry-run=server')).toContain('(server dry run)');
    expect(await kubectl("get configmap settings -o 'jsonpath={.data.color}'")).toBe('edited');
    const made = await kubectl('run dry --image=busybox:1.36 --dry-run=server -o yaml');
    expect(made).toMatch(/mountPath: \/var\/run\/secrets\/kubernetes.io\/serviceaccount/);
    expect(await fails('create -f - --dry-run=server', WEB.replace('name: web', 'name: Bad_Name'))).toContain(
      'Invalid value: "Bad_Name"',
    );
  });

  it('watches', async () => {
    const watch = cluster.spawnKubectl(['get', 'configmaps', '-w', '--output-watch-events', '-l', 'watched=yes']);
    let seen = '';
    watch.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    try {
      await kubectl('create configmap seen --from-literal=a=1');
      await kubectl('label configmap seen watched=yes');
      await eventually('the addition is seen', 10_000, async () => /^ADDED\s+seen\s/m.test(seen));
      await kubectl(`patch configmap seen --type=merge -p '{"data":{"b":"2"}}'`);
      await eventually('the change is seen', 10_000, async () => /^MODIFIED\s+seen\s+2\s/m.test(seen));
      await kubectl('delete configmap seen');
      await eventually('the removal is seen', 10_000, async () => /^DELETED\s+seen\s/m.test(seen));
    } finally {
      watch.kill();
    }
  });

  it('waits for conditions, values, creation and deletion', async () => {
    await kubectl('wait --for=condition=Available deployment/web --timeout=30s');
    await kubectl("wait '--for=jsonpath={.status.readyReplicas}=2' deployment/web --timeout=30s");
    const creation = kubectl('wait --for=create configmap/later --timeout=30s');
    await kubectl('create configmap later');
    expect(await creation).toContain('condition met');
    const deletion = kubectl('wait --for=delete configmap/later --timeout=30s');
    await kubectl('delete configmap later');
    await deletion;
    expect(await fails('wait --for=condition=Progressing=False deployment/web --timeout=1s')).toContain('timed out');
  });

  it('pauses, resumes and restarts a rollout, and scales with a precondition', async () => {
    const before = await replicaSets();
    await kubectl('rollout pause deployment/web');
    await kubectl('set env deployment/web A=3');
    // The controller has seen the change when it says so.
    const generation = await kubectl("get deployment web -o 'jsonpath={.metadata.generation}'");
    await kubectl(`wait '--for=jsonpath={.status.observedGeneration}=${generation}' deployment/web --timeout=20s`);
    expect(await replicaSets()).toEqual(before);
    await kubectl('rollout resume deployment/web');
    await kubectl('rollout status deployment/web --timeout=60s');
    expect((await replicaSets()).length).toBe(before.length + 1);
    await kubectl('rollout restart deployment/web');
    await kubectl('rollout status deployment/web --timeout=60s');
    expect(
      await kubectl(
        "get pods -l app=web -o 'jsonpath={.items[0].metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt}'",
      ),
    ).toMatch(/^20\d\d-/);
    expect(await fails('scale deployment web --replicas=9 --current-replicas=5')).toContain(
      'Expected replicas to be 5',
    );
    await kubectl('scale deployment web --replicas=3 --current-replicas=2');
    await kubectl('rollout status deployment/web --timeout=60s');
    expect(await kubectl("get deployment web -o 'jsonpath={.status.readyReplicas}'")).toBe('3');
  });
  const replicaSets = async () => (await kubectl('get replicasets -l app=web -o name')).trim().split('\n');

  it('deletes in foreground, and orphans', async () => {
    await kubectl('apply -f -', WEB.replaceAll('web', 'gone'));
    await kubectl('rollout status deployment/gone --timeout=60s');
    await kubectl('delete deployment gone --cascade=foreground --timeout=60s');
    expect(await kubectl('get pods,replicasets -l app=gone -o name')).toBe('');
    await kubectl('apply -f -', WEB.replaceAll('web', 'kept'));
    await kubectl('rollout status deployment/kept --timeout=60s');
    await kubectl('delete deployment kept --cascade=orphan');
    expect(await kubectl('get deployments -o name')).not.toContain('kept');
    const [set] = (await kubectl('get replicasets -l app=kept -o name')).trim().split('\n');
    expect(
      await eventually('the owner is gone', 10_000, async () => {
        const owners = await kubectl(`get ${set} -o 'jsonpath={.metadata.ownerReferences}'`);
        return owners === '' ? 'none' : undefined;
      }),
    ).toBe('none');
    expect((await kubectl('get pods -l app=kept -o name')).trim().split('\n')).toHaveLength(2);
    await kubectl(`delete ${set} --timeout=60s`);
    await eventually('its pods follow', 30_000, async () => (await kubectl('get pods -l app=kept -o name')) === '');
  });

  it('cordons, taints and drains within a disruption budget', async () => {
    const node = (await kubectl('get nodes -o name')).trim();
    const name = node.replace('node/', '');
    await kubectl(`cordon ${node}`);
    expect(await kubectl('get nodes --no-headers')).toContain('Ready,SchedulingDisabled');
    await kubectl('run waiting --image=busybox:1.36 --restart=Never -- true');
    const pending = await eventually('the pod is refused', 15_000, async () => {
      const events = await kubectl('events --for pod/waiting');
      return events.includes('FailedScheduling') && events;
    });
    expect(pending).toMatch(/0\/1 nodes are available: 1 node\(s\) were unschedulable/);
    await kubectl(`uncordon ${node}`);
    await kubectl("wait '--for=jsonpath={.status.phase}=Succeeded' pod/waiting --timeout=30s");

    await kubectl(`taint nodes ${name} team=a:NoSchedule`);
    await kubectl('run tainted --image=busybox:1.36 --restart=Never -- true');
    await eventually('the taint keeps it off', 15_000, async () =>
      (await kubectl('events --for pod/tainted')).includes('untolerated taint'),
    );
    await kubectl(`taint nodes ${name} team:NoSchedule-`);
    await kubectl("wait '--for=jsonpath={.status.phase}=Succeeded' pod/tainted --timeout=30s");
    await kubectl('delete pods waiting tainted');

    await kubectl('create poddisruptionbudget web --selector=app=web --min-available=2');
    await kubectl("wait '--for=jsonpath={.status.disruptionsAllowed}=1' pdb/web --timeout=10s");
    const drained = await cluster.tryKubectl(['drain', name, '--ignore-daemonsets', '--timeout=8s']);
    expect(drained.code).not.toBe(0);
    expect(drained.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget");
    expect(await running()).toBe(2);
    await kubectl('delete pdb web');
    await kubectl(`drain ${name} --ignore-daemonsets --timeout=60s`);
    expect(await running()).toBe(0);
    await kubectl(`uncordon ${node}`);
    await kubectl('rollout status deployment/web --timeout=60s');
  });
  const running = async () =>
    (await kubectl('get pods -l app=web --field-selector=status.phase=Running -o name')).split('\n').filter(Boolean)
      .length;

  it('makes tokens that work, and serves the API and services by proxy', async () => {
    const token = (await kubectl('create token default --duration=10m')).trim();
    const config = [
      '--server',
      cluster.server,
      '--token',
      token,
      '--insecure-skip-tls-verify',
      '--kubeconfig',
      '/dev/null',
    ];
    const who = await cluster.tryKubectl(['auth', 'whoami', ...config]);
    expect(who.stdout).toContain('system:serviceaccount:default:default');
    expect((await cluster.tryKubectl(['get', 'pods', ...config])).stderr).toContain(
      'User "system:serviceaccount:default:default" cannot list resource "pods"',
    );
    await kubectl('expose deployment web --port=80 --target-port=8080');
    const proxy = cluster.spawnKubectl(['proxy', '--port=0']);
    try {
      const port = await new Promise<string>((resolve) =>
        proxy.stdout?.on('data', (chunk: Buffer) => {
          const match = /127\.0\.0\.1:(\d+)/.exec(chunk.toString());
          if (match) resolve(match[1] as string);
        }),
      );
      const base = `http://127.0.0.1:${port}`;
      expect(await (await fetch(`${base}/api/v1/namespaces/default/configmaps/settings`)).json()).toMatchObject({
        data: { color: 'edited' },
      });
      await eventually('the service answers by proxy', 15_000, async () =>
        (await (await fetch(`${base}/api/v1/namespaces/default/services/web:80/proxy/`)).text()).startsWith('web-'),
      );
    } finally {
      proxy.kill();
    }
  });

  it('uses a kustomization and a folder, and deletes by them', async () => {
    const folder = join(cluster.folder, 'kustom');
    mkdirSync(folder);
    writeFileSync(join(folder, 'kustomization.yaml'), 'namePrefix: k-\nresources: [settings.yaml]\n');
    writeFileSync(join(folder, 'settings.yaml'), SETTINGS('white'));
    await kubectl(`apply -k ${folder}`);
    expect(await kubectl("get configmap k-settings -o 'jsonpath={.data.color}'")).toBe('white');
    await kubectl(`delete -k ${folder}`);
    expect(await fails('get configmap k-settings')).toContain('NotFound');
  });
});
