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

await check('pages', async () => {
  for (let i = 0; i < 7; i++)
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: `s-${i}` }, stringData: { a: 'b' } } });
  const names = [];
  let token;
  do {
    const page = await core.listNamespacedSecret({ namespace, limit: 3, _continue: token });
    names.push(...page.items.map(({ metadata }) => metadata.name));
    token = page.metadata._continue;
  } while (token);
  expect(names.join() === 's-0,s-1,s-2,s-3,s-4,s-5,s-6', names);
});

await check('finalizers and owners', async () => {
  const owner = await core.createNamespacedConfigMap({ namespace, body: configMap('owner') });
  const body = configMap('owned');
  body.metadata.finalizers = ['example.org/hold'];
  const { uid } = owner.metadata;
  body.metadata.ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }];
  await core.createNamespacedConfigMap({ namespace, body });
  await core.deleteNamespacedConfigMap({ namespace, name: 'owned' });
  const held = await core.readNamespacedConfigMap({ namespace, name: 'owned' });
  expect(
    held.metadata.deletionTimestamp instanceof Date && held.metadata.ownerReferences[0].uid === uid,
    held.metadata,
  );
  delete held.metadata.finalizers;
  await core.replaceNamespacedConfigMap({ namespace, name: 'owned', body: held });
  const gone = await core.readNamespacedConfigMap({ namespace, name: 'owned' }).catch((thrown) => thrown);
  expect(gone.code === 404, String(gone));
});

async function establishedConditions(name) {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const watch = new k8s.Watch(config);
  return await new Promise((resolve, reject) => {
    const seen = (_, { status }) => {
      const conditions = status?.conditions ?? [];
      if (conditions.some(({ type, status }) => type === 'Established' && status === 'True')) resolve(conditions);
    };
    const ended = (error) => reject(error ?? new Error('the watch ended'));
    watch.watch(path, { fieldSelector: `metadata.name=${name}`, timeoutSeconds: 10 }, seen, ended).catch(reject);
  });
}

await check('custom resources', async () => {
  const [group, plural] = ['javascript.kedge.test', 'sprockets'];
  const name = `${plural}.${group}`;
  const spec = { type: 'object', properties: { teeth: { type: 'integer', _default: 9 } } };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
  const extensions = config.makeApiClient(k8s.ApiextensionsV1Api);
  const names = { plural, singular: 'sprocket', kind: 'Sprocket' };
  const versions = [{ name: 'v1', served: true, storage: true, schema }];
  const body = { metadata: { name }, spec: { group, scope: 'Namespaced', names, versions } };
  await extensions.createCustomResourceDefinition({ body });
  try {
    await establishedConditions(name);
    const custom = config.makeApiClient(k8s.CustomObjectsApi);
    const at = { group, version: 'v1', namespace, plural };
    const object = { apiVersion: `${group}/v1`, kind: 'Sprocket', metadata: { name: 's' }, spec: {} };
    const made = await custom.createNamespacedCustomObject({ ...at, body: object });
    expect(made.spec.teeth === 9, made);
    const list = await objects.list(`${group}/v1`, 'Sprocket', namespace);
    expect(list.items.length === 1, list);
  } finally {
    await extensions.deleteCustomResourceDefinition({ name });
  }
});

await check('logs of a pod that has none', async () => {
  const log = new k8s.Log(config);
  const { PassThrough } = await import('node:stream');
  const error = await log.log(namespace, 'none', 'c', new PassThrough()).catch((thrown) => thrown);
  expect(error.code === 404, String(error));
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
