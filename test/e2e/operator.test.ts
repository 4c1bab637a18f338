/** An operator on controller-runtime in a pod of a real node: see test/clients/operator. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage, programImage } from './support/images.ts';
import { eventually, type LocalCluster, startCluster } from './support/local-cluster.ts';
import { canRunContainers } from './support/machine.ts';

const manifests = join(dirname(fileURLToPath(import.meta.url)), '..', 'clients', 'operator', 'manifests');
const program = process.env.KEDGE_OPERATOR;

const site = (name: string, spec: object, version = 'v1'): string =>
  JSON.stringify({ apiVersion: `web.example.com/${version}`, kind: 'Site', metadata: { name }, spec });

describe.skipIf(program === undefined || !canRunContainers())('an operator', () => {
  let cluster: LocalCluster;
  const kubectl = (line: string, input?: string) => cluster.kubectl(line, input);
  const refused = async (words: string[], input?: string) => {
    const result = await cluster.tryKubectl(words, input);
    expect(result.code, result.stdout).not.toBe(0);
    return result.stderr;
  };

  beforeAll(async () => {
    cluster = await startCluster();
    const images = [
      await busyboxImage(cluster.folder),
      await programImage(cluster.folder, { reference: 'example.com/operator:1', program: program as string }),
    ];
    for (const image of images) await cluster.loadImage(image);
    await kubectl(`apply --server-side -f ${join(manifests, 'operator.yaml')}`);
    await kubectl('rollout status deployment/operator -n operator --timeout=120s');
  }, 300_000);
  afterAll(() => cluster?.remove(), 60_000);

  it('fills defaults, makes what a site needs, and tells its status', async () => {
    await kubectl(`apply -f ${join(manifests, 'site.yaml')}`);
    expect(await kubectl('get site home -o jsonpath={.spec.replicas}')).toBe('1');
    await kubectl('wait --for=condition=Ready site/home --timeout=60s');
    expect(await kubectl('get configmap home -o jsonpath={.data}')).toBe('{"index.html":"hello"}');
    const [head = '', row = ''] = (await kubectl('get st home')).trim().split('\n');
    expect(head.split(/\s+/)).toEqual(['NAME', 'REPLICAS', 'READY']);
    expect(row.split(/\s+/)).toEqual(['home', '1', 'True']);
    expect(await kubectl('explain site.spec.page')).toContain('The text of the page.');
    expect(await kubectl('get all')).toContain('site.web.example.com/home');
    expect(await kubectl('get lease -n operator -o name')).toBe('lease.coordination.k8s.io/web.example.com\n');
  });

  it('scales a site through its scale subresource', async () => {
    await kubectl('scale site/home --replicas=3');
    await eventually(
      'three replicas',
      60_000,
      async () => (await kubectl('get site home -o jsonpath={.status.replicas}')) === '3',
    );
    expect(await kubectl('get deployment home -o jsonpath={.spec.replicas}')).toBe('3');
  });

  it('refuses what its webhook, its schema and its rules forbid', async () => {
    expect(await refused(['apply', '-f', '-'], site('bad', { page: '<blink>' }))).toContain(
      'admission webhook "validate.web.example.com" denied the request: pages must not blink',
    );
    expect(await refused(['apply', '-f', '-'], site('bad', { page: 'x', replicas: 11 }))).toContain(
      'spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10',
    );
    expect(await refused(['apply', '-f', '-'], site('bad', { page: '', replicas: 7 }))).toContain(
      'an empty page needs few replicas',
    );
    expect(await refused(['apply', '-f', '-'], site('bad', { page: 'x', colour: 'red' }))).toContain(
      'unknown field "spec.colour"',
    );
    await kubectl('annotate site home web.example.com/keep=true');
    expect(await refused(['delete', 'site', 'home'])).toContain('this site is to be kept');
    await kubectl('annotate site home web.example.com/keep-');
  });

  it('converts between its versions', async () => {
    await kubectl('apply -f -', site('old', { text: 'from the first version' }, 'v1alpha1'));
    expect(await kubectl('get sites.v1.web.example.com old -o jsonpath={.spec.page}')).toBe('from the first version');
    expect(await kubectl('get sites.v1alpha1.web.example.com home -o jsonpath={.spec.text}')).toBe('hello');
    const warned = await cluster.tryKubectl(['get', 'sites.v1alpha1.web.example.com']);
    expect(warned.stderr).toContain('web.example.com/v1alpha1 Site is deprecated');
  });

  it('runs its finalizer, and what a site owned goes with it', async () => {
    await kubectl('delete site home old --timeout=60s');
    await kubectl('get configmap home-farewell');
    await eventually(
      'owned objects are gone',
      60_000,
      async () => (await cluster.tryKubectl(['get', 'deployment', 'home'])).code !== 0,
    );
    await kubectl('delete crd sites.web.example.com --timeout=60s');
    // kubectl may still have the discovery of before.
    expect(await refused(['get', 'sites'])).toMatch(/could not find the requested resource|have a resource type/);
  });
});
