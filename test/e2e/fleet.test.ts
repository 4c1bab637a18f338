/** Clusters beside the first one, made with the command and used with kubectl. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type LocalCluster, startCluster, wordsOf } from './support/local-cluster.ts';

describe('a fleet', () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = await startCluster(['--node', 'none']);
  });
  afterAll(() => cluster?.remove());

  /** Makes a cluster and gives kubectl for it. */
  const create = async (name: string, ...flags: string[]) => {
    const made = await cluster.kedge(['cluster', 'create', name, ...flags]);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    const { stdout } = await cluster.kedge(['kubeconfig', '--cluster', name]);
    const file = join(cluster.folder, `kubeconfig-${name}`);
    writeFileSync(file, stdout, { mode: 0o600 });
    return (line: string) => cluster.tryKubectl(['--kubeconfig', file, ...wordsOf(line)]);
  };
  const list = async () =>
    JSON.parse((await cluster.kedge(['cluster', 'list', '-o', 'json'])).stdout) as { name: string; server: string }[];

  it('keeps the objects of two clusters and of the first apart', async () => {
    const one = await create('one');
    const two = await create('two');
    expect(await one('create configmap mine --from-literal=of=one')).toMatchObject({ code: 0 });
    expect((await two('get configmap mine')).stderr).toContain('NotFound');
    expect((await cluster.tryKubectl(['get', 'configmap', 'mine'])).stderr).toContain('NotFound');
    expect(await two('create configmap mine --from-literal=of=two')).toMatchObject({ code: 0 });
    expect((await one("get configmap mine -o 'jsonpath={.data.of}'")).stdout).toBe('one');
    expect((await list()).map(({ name }) => name)).toEqual(['one', 'two']);
    await eventually(
      'controllers work there too',
      20_000,
      async () => (await one('get serviceaccount default')).code === 0,
    );
  });

  it('makes API-only clusters, in which nothing moves by itself', async () => {
    const bare = await create('bare', '--api-only');
    expect((await bare('create namespace quiet')).code).toBe(0);
    expect((await bare('get clusterroles -o name')).stdout).not.toContain('ingress-status');
    expect((await bare('get ingressclasses,serviceaccounts,services -A -o name')).stdout).toBe('service/kubernetes\n');
  });

  it('refuses credentials of one cluster in another', async () => {
    const first = await create('alpha');
    const second = await create('beta');
    expect((await first('create serviceaccount robot')).code).toBe(0);
    const token = (await first('create token robot')).stdout.trim();
    expect((await first(`auth whoami --token=${token}`)).stdout).toContain('system:serviceaccount:default:robot');
    const kubeconfig = join(cluster.folder, 'kubeconfig-beta');
    const server = /server: (\S+)/.exec((await second('config view --raw')).stdout)?.[1] as string;
    const foreign = await cluster.tryKubectl([
      ...['--kubeconfig', '/dev/null', '--server', server, '--insecure-skip-tls-verify'],
      ...['get', 'configmaps', '--token', token],
    ]);
    expect(`${kubeconfig} ${foreign.stderr}`).toMatch(/Unauthorized|must be logged in/);
  });

  it('deletes a cluster with all it had, and one of the same name starts empty', async () => {
    const first = await create('gone');
    await first('create configmap kept');
    expect((await cluster.kedge(['cluster', 'delete', 'gone'])).stdout).toContain('Cluster gone is deleted');
    expect((await first('get configmaps')).code).not.toBe(0);
    expect((await list()).map(({ name }) => name)).not.toContain('gone');
    const second = await create('gone');
    expect((await second('get configmap kept')).stderr).toContain('NotFound');
  });

  it('says what is wrong with a request, in one line', async () => {
    const attempts: [string[], RegExp][] = [
      [['cluster', 'create', 'one'], /"one" already exists/],
      [['cluster', 'create', 'default'], /"default" already exists/],
      [['cluster', 'create', 'Bad_Name'], /lower case letters/],
      [['cluster', 'delete', 'nope'], /"nope" not found/],
      [['cluster', 'delete', 'default'], /default cluster cannot be deleted/],
      [['kubeconfig', '--cluster', 'nope'], /"nope" not found/],
      [['cluster', 'create'], /missing argument CLUSTER/],
    ];
    for (const [words, message] of attempts) {
      const { code, stderr } = await cluster.kedge(words);
      expect(code, words.join(' ')).not.toBe(0);
      expect(stderr.trim().split('\n'), words.join(' ')).toEqual([expect.stringMatching(message)]);
    }
    const unknown = await cluster.tryKubectl(['--server', `${cluster.server}/clusters/nope`, 'get', 'pods']);
    expect(unknown.code).not.toBe(0);
  });
});
