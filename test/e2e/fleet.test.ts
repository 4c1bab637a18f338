/** Clusters beside the first one, made with the command and used with kubectl. */
import { writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POD, sliceOf, startEdgeNode } from './support/edge-node.ts';
import { eventually, type LocalCluster, startCluster, wordsOf } from './support/local-cluster.ts';

const INGRESS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec:
  rules:
  - host: shop.team.kedge.test
    http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
  - host: elsewhere.test
    http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }] }
`;

interface Question {
  address?: string;
  port: number;
  host: string;
  path?: string;
  tls?: boolean;
}

/** The body of an answer, whatever its status. */
function ask({ address = '127.0.0.1', port, host, path = '/', tls = false }: Question): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: address, port, path, headers: { host }, agent: false as const, rejectUnauthorized: false };
    const call = (tls ? httpsRequest : request)(options, (reply) => {
      let body = '';
      reply.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      reply.on('end', () => resolve(body));
    });
    call.on('error', reject);
    call.end();
  });
}

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
    const server = /server: (\S+)/.exec((await second('config view --raw')).stdout)?.[1] as string;
    const foreign = await cluster.tryKubectl([
      ...['--kubeconfig', '/dev/null', '--server', server, '--insecure-skip-tls-verify'],
      ...['get', 'configmaps', '--token', token],
    ]);
    expect(foreign.stderr).toMatch(/Unauthorized|must be logged in/);
  });

  it('serves a cluster at its host name, with nodes and an edge of its own', async () => {
    const team = await create('team', '--hostname', 'team.kedge.test');
    const server = createServer((incoming, answer) => answer.end(`pod of team at ${incoming.headers.host}`));
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    );
    const node = await startEdgeNode(cluster, { port, fleetCluster: 'team' });
    try {
      const files = { ingress: INGRESS, slice: sliceOf(port, [POD]) };
      for (const [name, content] of Object.entries(files)) {
        const file = join(cluster.folder, name);
        writeFileSync(file, content);
        expect(await team(`create -f ${file}`)).toMatchObject({ code: 0 });
      }
      const ingressPort = Number(/Edge ingress at \S*:(\d+)/.exec(cluster.output())?.[1]);
      const edge = (host: string) => ask({ port: ingressPort, host });
      expect(await eventually('the edge answers', 10_000, () => edge('shop.team.kedge.test'))).toBe(
        'pod of team at shop.team.kedge.test',
      );
      // The same rule has no effect for names that are not the cluster's.
      expect(await edge('elsewhere.test')).toBe('default backend - 404\n');
      const { hostname, port: apiPort } = new URL(cluster.server);
      const api = await ask({
        port: Number(apiPort),
        address: hostname,
        host: 'team.kedge.test',
        path: '/livez',
        tls: true,
      });
      expect(api).toBe('ok');
    } finally {
      node.stop();
      server.close();
    }
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
