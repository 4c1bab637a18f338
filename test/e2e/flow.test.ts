/** A flood under the Workers runtime: requests of one wait for and wake one another, and nobody else waits for them. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalCluster, startCluster } from './support/local-cluster.ts';

const LEVEL = `apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: tiny}
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 1
    borrowingLimitPercent: 0
    limitResponse: {type: Queue, queuing: {queues: 2, handSize: 1, queueLengthLimit: 20}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: tiny}
spec:
  matchingPrecedence: 100
  distinguisherMethod: {type: ByUser}
  priorityLevelConfiguration: {name: tiny}
  rules:
  - subjects: [{kind: User, user: {name: flood}}]
    resourceRules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"]}]
`;

interface Reply {
  status: number;
  retryAfter: string | undefined;
  /** Milliseconds. */
  took: number;
}

let cluster: LocalCluster;
const agent = new Agent({ keepAlive: true, maxSockets: 400, rejectUnauthorized: false });

beforeAll(async () => {
  cluster = await startCluster(['--api-only', '--node', 'none', '--no-install']);
  await cluster.kubectl('apply -f -', LEVEL);
  await cluster.kubectl('create clusterrolebinding flood --clusterrole=cluster-admin --user=flood --user=quiet');
});

afterAll(async () => {
  agent.destroy();
  await cluster?.remove();
});

function ask(user: string, method: string, path: string, body?: object): Promise<Reply> {
  const token = /token: (\S+)/.exec(readFileSync(join(cluster.kubeconfig), 'utf8'))?.[1];
  const headers = {
    ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json', 'impersonate-user': user },
  };
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const call = request(cluster.server + path, { method, agent, headers, timeout: 60_000 }, (reply) => {
      reply.resume();
      const retryAfter = reply.headers['retry-after'];
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, retryAfter, took: performance.now() - started }));
      reply.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.on('error', reject);
    call.end(body && JSON.stringify(body));
  });
}

/** The whole answer of a flood, and those of another user meanwhile. */
async function flood(one: (i: number) => Promise<Reply>, other: (i: number) => Promise<Reply>) {
  const quiet: Promise<Reply>[] = [];
  const timer = setInterval(() => quiet.push(other(quiet.length)), 50);
  const replies = await Promise.all(Array.from({ length: 300 }, (_, i) => one(i)));
  clearInterval(timer);
  return { replies, quiet: await Promise.all(quiet) };
}

describe.each([
  ['reads', 200, (user: string) => () => ask(user, 'GET', '/api/v1/namespaces/kube-system/configmaps')],
  [
    'writes',
    201,
    (user: string) => () =>
      ask(user, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { generateName: `${user}-` } }),
  ],
])('a flood of %s', (_, success, by) => {
  it('is answered or refused, and ends; another user is served meanwhile', async () => {
    const { replies, quiet } = await flood(by('flood'), by('quiet'));
    const refused = replies.filter(({ status }) => status === 429);
    expect(replies.filter(({ status }) => status !== success && status !== 429)).toEqual([]);
    expect(refused.every(({ retryAfter }) => Number(retryAfter) >= 1)).toBe(true);
    expect(replies.some(({ status }) => status === success)).toBe(true);
    expect(quiet.filter(({ status }) => status !== success)).toEqual([]);
    // All seats are free again.
    expect((await by('flood')()).status).toBe(success);
    const metrics = await cluster.kubectl('get --raw /metrics');
    expect(metrics).toContain('current_executing_seats{flow_schema="tiny",priority_level="tiny"} 0');
    expect(metrics).toContain('current_inqueue_requests{flow_schema="tiny",priority_level="tiny"} 0');
  });
});
