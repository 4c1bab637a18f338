// Drives a cluster through @kubernetes/client-node. Prints one line for each check, exits 1 when any failed.
import * as k8s from '@kubernetes/client-node';

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
let failures = 0;
let namespace = '';

function expect(ok, what) {
  if (!ok) throw new Error(typeof what === 'string' ? what : JSON.stringify(what));
}

async function check(name, run) {
  try {
    await run();
    console.log(`ok   ${name}`);
  } catch (error) {
    failures++;
    console.log(`FAIL ${name}: ${error?.message ?? error}`);
  }
}

async function until(condition, what) {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`in vain: ${what}`);
}

const configMap = (name, data = { k: 'v' }) => ({ metadata: { name, namespace }, data });

const made = await core.createNamespace({ body: { metadata: { generateName: 'client-node-' } } });
namespace = made.metadata.name;

await check('typed objects', async () => {
  const body = {
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'example/c' }] } },
    },
  };
  const deployment = await apps.createNamespacedDeployment({ namespace, body });
  expect(deployment.spec.replicas === 1 && deployment.metadata.creationTimestamp instanceof Date, deployment);
  deployment.spec.replicas = 2;
  const replaced = await apps.replaceNamespacedDeployment({ namespace, name: 'd', body: deployment });
  expect(replaced.metadata.generation === 2, replaced.metadata);
  const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'd' });
  expect(scale.spec.replicas === 2 && scale.status.selector === 'a=b', scale);
});

await check('patches of every type', async () => {
  await core.createNamespacedConfigMap({ namespace, body: configMap('p') });
  const patch = (type, body) =>
    core.patchNamespacedConfigMap(
      {
        namespace,
        name: 'p',
        body,
        fieldManager: 'client-node',
        force: type === 'application/apply-patch+yaml' || undefined,
      },
      k8s.setHeaderOptions('Content-Type', type),
    );
  await patch('application/json-patch+json', [{ op: 'add', path: '/data/j', value: '1' }]);
  await patch('application/merge-patch+json', { data: { m: '1' } });
  await patch('application/strategic-merge-patch+json', { data: { s: '1' } });
  const last = await patch('application/apply-patch+yaml', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    ...configMap('p', { a: '1' }),
  });
  expect(Object.keys(last.data).sort().join() === 'a,j,k,m,s', last.data);
});

await check('watch', async () => {
  const seen = [];
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const stop = await new k8s.Watch(config).watch(
    path,
    { allowWatchBookmarks: true },
    (type, object) => seen.push(`${type} ${object.metadata.name}`),
    () => undefined,
  );
  await core.createNamespacedConfigMap({ namespace, body: configMap('w') });
  await core.deleteNamespacedConfigMap({ namespace, name: 'w' });
  await until(() => seen.includes('DELETED w'), `DELETED w in ${seen}`);
  stop.abort();
});

await check('informer', async () => {
  const list = () => core.listNamespacedConfigMap({ namespace });
  const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list);
  const events = [];
  for (const type of ['add', 'update', 'delete'])
    informer.on(type, (object) => events.push(`${type} ${object.metadata.name}`));
  await informer.start();
  await core.createNamespacedConfigMap({ namespace, body: configMap('i') });
  await core.replaceNamespacedConfigMap({ namespace, name: 'i', body: configMap('i', { k: 'w' }) });
  await core.deleteNamespacedConfigMap({ namespace, name: 'i' });
  await until(() => events.includes('delete i'), `delete i in ${events}`);
  expect(
    ['add p', 'add i', 'update i'].every((event) => events.includes(event)),
    events,
  );
  await informer.stop();
});

await check('objects of any kind', async () => {
  const spec = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'o', namespace }, stringData: { a: 'b' } };
  const secret = await objects.create(spec);
  expect(secret.data.a === 'Yg==', secret);
  const read = await objects.read(spec);
  expect(read.metadata.uid === secret.metadata.uid, read);
  const patched = await objects.patch({ ...spec, stringData: { c: 'd' } });
  expect(patched.data.c === 'ZA==', patched);
  await objects.delete(spec);
});

await check('errors carry the status', async () => {
  const error = await core.readNamespacedConfigMap({ namespace, name: 'none' }).catch((thrown) => thrown);
  expect(error.code === 404, String(error));
});

await check('discovery', async () => {
  const { groups } = await config.makeApiClient(k8s.ApisApi).getAPIVersions();
  expect(
    groups.some(({ name }) => name === 'apps'),
    groups,
  );
  const { gitVersion } = await config.makeApiClient(k8s.VersionApi).getCode();
  expect(gitVersion.startsWith('v1.36'), gitVersion);
});

await core.deleteNamespace({ name: namespace });
console.log(`${failures} failed`);
process.exit(failures > 0 ? 1 : 0);
